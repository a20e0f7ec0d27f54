//! Reads a network file.
