#!/bin/sh
# Fills in the secrets that .env has not yet, at random; makes .env of .env.example first where it is missing.
# What is there stays. .env is for its owner only.
set -eu
cd "${1:-$(dirname "$0")/..}"
umask 077
[ -e .env ] || cp .env.example .env
chmod 600 .env
for name in $(grep -oE '^[A-Z_]+(PASSWORD|SECRET|KEY)=$' .env.example | tr -d =); do
    grep -q "^$name=." .env && continue
    case $name in
        *FERNET_KEY) value=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_') ;; # 32 bytes, as Fernet wants them
        *) value=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n') ;;
    esac
    # Not on a command line, which others can read.
    SECRET=$value awk -v name="$name" '
        index($0, name "=") == 1 { print name "=" ENVIRON["SECRET"]; is_there = 1; next }
        { print }
        END { if (!is_there) print name "=" ENVIRON["SECRET"] }
    ' .env > .env.tmp
    mv .env.tmp .env
    echo "$name: đã tạo / made"
done
