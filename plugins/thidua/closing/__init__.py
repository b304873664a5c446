"""Closing a period: from provisional figures to an official version that two people approved and anybody can check."""
