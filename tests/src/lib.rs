//! End to end: real node, real EntryPoints, real accounts, real wallet clients.
