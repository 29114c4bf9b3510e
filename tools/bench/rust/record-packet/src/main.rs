//! `QualityAnalyzer::record_packet` of crate udp-relay-core 0.1.0, 1 % lost.

use std::hint::black_box;
use udp_relay_core::QualityAnalyzer;

fn main() {
    let quality = QualityAnalyzer::new();
    measure::measure(|iterations| {
        for i in 0..iterations {
            black_box(&quality).record_packet(i % 100 == 0);
        }
        u64::from(quality.get_packet_loss_rate())
    });
}
