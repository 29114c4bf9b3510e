use crate::random::Random;
use udp_relay_core::QualityAnalyzer;

const EACH: u32 = 250;

/// Rates after every 250 packets, and after the first one, of packets that are lost as a rule says.
pub fn vectors() -> String {
    let mut lines = Vec::new();
    for (name, packets, lost) in [
        ("none", 12_000, (|_| false) as fn(u32) -> bool),
        ("all", 12_000, |_| true),
        ("the first one", 3_000, |n| n == 0),
        ("every 4th", 30_000, |n| n % 4 == 0),
        ("every 3rd", 9_999, |n| n % 3 == 0),
        ("every 1,000th", 20_000, |n| n % 1_000 == 999),
        ("every 333rd", 20_000, |n| n % 333 == 332),
        ("an outage of 10,001, then none", 50_000, |n| n < 10_001),
        ("none, then an outage from 10,001 on", 20_000, |n| n > 10_000),
    ] {
        lines.push(sequence(name, 0, 0, packets, lost));
    }
    for (seed, per_mille) in [(1, 1), (2, 3), (3, 10), (4, 50), (5, 250), (6, 500), (7, 990)] {
        let mut random = Random::new(seed * 0x9e37_79b9);
        lines.push(sequence("seeded", seed, per_mille, 25_000, move |_| random.below(1_000) < u64::from(per_mille)));
    }
    let columns = format!(
        "\"each\": {EACH},\n  \"columns\": [\"name\", \"seed\", \"seeded per mille\", \"packets\", \"lost\", \"rate after 1\", \"rates after every 250\"]"
    );
    crate::file("QualityAnalyzer", &columns, &lines)
}

fn sequence(name: &str, seed: u32, per_mille: u32, packets: u32, mut lost: impl FnMut(u32) -> bool) -> String {
    let quality = QualityAnalyzer::new();
    assert_eq!(quality.get_packet_loss_rate(), 0);
    let (mut total, mut first, mut rates) = (0, 0, Vec::new());
    for n in 0..packets {
        let is_lost = lost(n);
        total += u32::from(is_lost);
        quality.record_packet(is_lost);
        if n == 0 {
            first = quality.get_packet_loss_rate();
        }
        if (n + 1) % EACH == 0 {
            rates.push(quality.get_packet_loss_rate().to_string());
        }
    }
    format!("[\"{name}\", {seed}, {per_mille}, {packets}, {total}, {first}, [{}]]", rates.join(", "))
}
