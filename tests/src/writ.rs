//! `writ` itself, built with the tests, so that they run the program of this very checkout.

fn main() -> std::process::ExitCode {
    writ_node::main()
}
