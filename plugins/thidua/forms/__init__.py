"""Forms: template workbooks that an office fills in, made from a contract and, where one is named, a campaign."""
