//! `validate_address` of crate udp-relay-core 0.1.0 over 4,096 random peers, half IPv4, half IPv6.

use std::hint::black_box;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use udp_relay_core::validate_address;

fn main() {
    let mut state = 0x2545_f491u32;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let peers: Vec<SocketAddr> = (0..4096)
        .map(|index| {
            let port = 1024 + (random() % 64_512) as u16;
            if index % 2 == 0 {
                SocketAddr::from((Ipv4Addr::from(0x0100_0000 + random() % 0xdf00_0000), port))
            } else {
                let words = [0x2000_0000 | random() >> 4, random(), random(), random()];
                let bits = words.iter().fold(0u128, |bits, &word| bits << 32 | u128::from(word));
                SocketAddr::from((Ipv6Addr::from(bits), port))
            }
        })
        .collect();
    measure::measure(|iterations| {
        (0..iterations)
            .filter(|&i| validate_address(black_box(&peers[i as usize & 4095])))
            .count() as u64
    });
}
