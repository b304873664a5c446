"""lake/ of several hosts that share no file system: the truth lies in an object store, each host has a copy of it.

    house.json              which house this is; made last when a store is begun
    log/0000000001.json …   what was added to the lake, and which originals were taken away, in one order for all hosts
    files/<sha256>-<…>      the bytes of what does not fit into the log
    landing/…               files to receive, as offices' systems and the hand-in page put them there
    notes/…                 what is not of the lake and changes: answers to forms until they are recorded

lake/ only grows, by single entries and by folders that appear at once, so it is a log. **One object, created only if its
number is free, is a commit**: what it names is on its way to every host, or, where the number was taken, nothing of it is.
The bytes go there before, under names that nobody else writes; the local copy is changed after, and by nothing else. So a
copy never holds what the log does not tell of, whoever is killed wherever.
"""
