//! Reads one address a line and writes what `udp_relay_core::validate_address` says of it with port 1234 and
//! with port 0, as JSON: the vectors that packages/address-validation/test/crate-differences.test.ts reads.
//!
//!     node packages/address-validation/scripts/list-oracle-addresses.ts \
//!       | cargo run --release --manifest-path tools/bench/rust/address-vectors/Cargo.toml \
//!       > packages/address-validation/test/data/crate-validate-address.json

use std::io::BufRead;
use std::net::{IpAddr, SocketAddr};
use udp_relay_core::validate_address;

fn main() {
    let lines: Vec<String> = std::io::stdin()
        .lock()
        .lines()
        .map(|line| line.expect("standard input is text"))
        .collect();
    println!("{{");
    println!("  \"source\": \"crate udp-relay-core 0.1.0, validate_address\",");
    println!("  \"program\": \"tools/bench/rust/address-vectors\",");
    println!("  \"columns\": [\"address\", \"valid with port 1234\", \"valid with port 0\"],");
    println!("  \"vectors\": [");
    for (index, line) in lines.iter().enumerate() {
        let address: IpAddr = line.parse().expect("an IP address a line");
        let [with, without] = [1234, 0].map(|port| validate_address(&SocketAddr::new(address, port)));
        let comma = if index + 1 == lines.len() { "" } else { "," };
        println!("    [\"{line}\", {with}, {without}]{comma}");
    }
    println!("  ]");
    println!("}}");
}
