"""One gateway, which is started once for all the files here."""
