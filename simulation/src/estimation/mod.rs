//! Gas estimation by simulation.
