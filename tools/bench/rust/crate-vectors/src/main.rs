//! Drives the real crate udp-relay-core 0.1.0 through scripted and seeded sequences and prints one file of vectors:
//!
//!     npm run vectors            # writes all three files into the packages' test/data; --check compares
//!
//! The crate itself is untouched. What it asks of the system is answered here, by functions that take the place of the
//! C library's (`platform`): the wall clock, so that no script can cross a second, and the number of CPUs. Bandwidth has
//! no getter: it is read where `#[repr(C)]` puts it, and each read is checked against the score that the crate computes.

mod client;
mod loss;
mod platform;
mod random;
mod shards;

fn main() {
    let vectors = match std::env::args().nth(1).as_deref() {
        Some("tunnel-client") => client::vectors(),
        Some("quality-analyzer") => loss::vectors(),
        Some("shard-count") => shards::vectors(),
        other => panic!("tunnel-client, quality-analyzer or shard-count, not {other:?}"),
    };
    println!("{vectors}");
}

/// A file of vectors: its head, then one sequence a line.
fn file(subject: &str, columns: &str, lines: &[String]) -> String {
    format!(
        "{{\n  \"source\": \"crate udp-relay-core 0.1.0, {subject}\",\n  \"program\": \"tools/bench/rust/crate-vectors\",\n  {columns},\n  \"vectors\": [\n    {}\n  ]\n}}",
        lines.join(",\n    ")
    )
}
