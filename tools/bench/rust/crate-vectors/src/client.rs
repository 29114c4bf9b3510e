use crate::platform;
use crate::random::Random;
use std::sync::atomic::{AtomicU64, Ordering};
use udp_relay_core::TunnelClient;

const START: u64 = 1_700_000_000;

/// One client under a script: each call is noted with what it answered.
struct Script {
    name: String,
    timeout: u64,
    client: TunnelClient,
    second: u64,
    steps: Vec<String>,
}

impl Script {
    fn new(name: &str, timeout: u64) -> Self {
        platform::set_seconds(START);
        assert_eq!(TunnelClient::current_timestamp(), START, "the crate reads the script's clock");
        let client = TunnelClient::new(timeout);
        Self { name: name.to_string(), timeout, client, second: 0, steps: Vec::new() }
    }

    fn at(&mut self, second: u64) -> &mut Self {
        platform::set_seconds(START + second);
        self.second = second;
        self.note(format!("[\"at\", {second}]"))
    }

    /// A datagram from the client, stamped now or by a clock that is ahead.
    fn received(&mut self, bytes: u64, ahead: u64) -> &mut Self {
        let now = START + self.second + ahead;
        self.client.update_stats(bytes as usize, 0, now);
        self.client.set_last_receive_tick_at(now);
        self.note(format!("[\"received\", {bytes}, {ahead}]"))
    }

    fn sent(&mut self, bytes: u64) -> &mut Self {
        self.client.update_stats(0, bytes as usize, START + self.second);
        self.note(format!("[\"sent\", {bytes}]"))
    }

    fn latency(&mut self, ms: u64) -> &mut Self {
        self.client.set_latency(ms as u32);
        self.note(format!("[\"latency\", {ms}]"))
    }

    fn loss(&mut self, per_mille: u64) -> &mut Self {
        self.client.set_packet_loss_rate(per_mille as u32);
        self.note(format!("[\"loss\", {per_mille}]"))
    }

    fn reset(&mut self) -> &mut Self {
        self.client.reset_stats();
        self.note("[\"reset\"]".to_string())
    }

    /// Every answer that the crate gives, and the bandwidth behind two of them.
    fn read(&mut self) -> &mut Self {
        let slow_before = self.client.is_slow_connection();
        let priority = self.client.get_priority();
        let slow = self.client.is_slow_connection();
        let timed_out = self.client.is_timed_out();
        let bandwidth = bandwidth(&self.client);
        self.note(format!("[\"read\", {priority}, {slow_before}, {slow}, {timed_out}, {bandwidth}]"))
    }

    fn note(&mut self, step: String) -> &mut Self {
        self.steps.push(step);
        self
    }

    fn line(self) -> String {
        format!("[\"{}\", {}, [{}]]", self.name, self.timeout, self.steps.join(", "))
    }
}

/// The fifth of the record's eight hot words: last receive, packets, bytes in, bytes out, bandwidth.
fn bandwidth(client: &TunnelClient) -> u64 {
    let words: *const AtomicU64 = (client as *const TunnelClient).cast();
    // SAFETY: `#[repr(C, align(128))]`, and every field up to this one is an AtomicU64.
    unsafe { (*words.add(4)).load(Ordering::Relaxed) }
}

/// The place of the bandwidth is right: with nothing but bandwidth, the score is a function of it.
fn check_place() {
    let mut script = Script::new("place", 60);
    for second in 0..40 {
        script.at(second).received(second * second * 37, 0);
        let word = bandwidth(&script.client);
        let score = script.client.get_priority();
        let expected = if second == 0 { 1_000 } else { (1 << 20) / (word.max(100) + 1_024) + (second / 10).min(100) };
        assert_eq!(score, expected, "bandwidth is not where it was looked for");
    }
}

pub fn vectors() -> String {
    check_place();
    let mut lines = Vec::new();
    let mut add = |name: &str, timeout: u64, run: &mut dyn FnMut(&mut Script)| {
        let mut script = Script::new(name, timeout);
        run(&mut script);
        lines.push(script.line());
    };
    add("inputs by hand", 30, &mut |s| {
        s.read().latency(80).read().read().loss(5).read().loss(9_999).read().latency(0).read();
        s.latency(499).read().latency(500).read().latency(501).read().latency(70_000).loss(0).read();
    });
    add("age with inputs", 30, &mut |s| {
        for second in [0, 9, 10, 11, 19, 20, 99, 100, 989, 990, 999, 1_000, 1_010, 100_000] {
            s.at(second).latency(7).read();
        }
    });
    add("age without inputs", 30, &mut |s| {
        s.latency(7);
        for second in [0, 9, 10, 100, 1_000, 5_000] {
            s.at(second).read();
        }
    });
    for timeout in [0, 1, 5, 30, 3_600] {
        add(&format!("silence, timeout {timeout} s"), timeout, &mut |s| {
            for second in 0..3 {
                s.at((timeout + second).saturating_sub(1)).read();
            }
            s.received(1, 0).read();
            let again = s.second;
            for second in 0..3 {
                s.at((again + timeout + second).saturating_sub(1).max(again)).read();
            }
        });
    }
    add("a stamp of the future", 30, &mut |s| {
        s.at(1).received(1_000, 100).read();
        for second in [2, 31, 32, 100, 101, 130, 131] {
            s.at(second).read();
        }
        s.received(1_000, 0).read();
    });
    for rate in [50, 99_999, 100_000, 1_000_000, 20_000_000] {
        add(&format!("steadily {rate} B/s, then silence"), 30, &mut |s| {
            for second in 0..25 {
                s.at(second).received(rate, 0).read();
            }
            s.at(60).read();
            for keep_alive in 1..=8 {
                s.at(60 + keep_alive * 20).received(32, 0).read();
            }
            s.at(4_000).received(100, 0).read();
        });
    }
    add("both directions", 30, &mut |s| {
        for second in 0..30 {
            s.at(second).received(600, 0).sent(1_400).read();
        }
    });
    add("a packet every 10 s", 30, &mut |s| {
        for packet in 0..15 {
            s.at(packet * 10).received(50_000, 0).read();
        }
    });
    add("reset", 30, &mut |s| {
        for second in 0..15 {
            s.at(second).received(300_000, 0).sent(100);
        }
        s.latency(40).loss(20).read().reset().read().at(25).read().received(10, 0).read().at(50).read();
    });
    for seed in 1..=16 {
        let mut random = Random::new(seed * 0x9e37_79b9);
        add(&format!("seed {seed}"), 5 + random.below(60), &mut |s| {
            for _ in 0..60 {
                match random.below(10) {
                    0 | 1 => s.at(s.second + random.below(12)),
                    2 => s.latency(random.below(900)),
                    3 => s.loss(random.below(1_400)),
                    4 | 5 => s.received(random.below(3_000_000), 0),
                    6 => s.sent(random.below(60_000)),
                    7 if random.below(6) == 0 => s.reset(),
                    _ => s.read(),
                };
            }
            s.read();
        });
    }
    let columns = "\"columns\": [\"name\", \"timeout, s\", \"steps\"],\n  \"steps\": [[\"at\", \"second\"], [\"received\", \"bytes\", \"s ahead\"], [\"sent\", \"bytes\"], [\"latency\", \"ms\"], [\"loss\", \"per mille\"], [\"reset\"], [\"read\", \"priority\", \"slow before it\", \"slow after it\", \"timed out\", \"bytes a second\"]]";
    crate::file("TunnelClient", columns, &lines)
}
