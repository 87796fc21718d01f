"""The programs of this room in the cluster: each function puts one of them, with its documents, where it runs."""
