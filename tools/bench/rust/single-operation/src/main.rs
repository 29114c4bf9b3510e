//! One atomic operation on one of 1,024 words in turn, a cache line each.

use std::hint::black_box;
use std::sync::atomic::{fence, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

#[repr(align(64))]
#[derive(Default)]
struct Line(AtomicU64);

const LINES: usize = 1024;

fn main() {
    let lines: Vec<Line> = (0..LINES).map(|_| Line::default()).collect();
    let word = |i: usize| &black_box(&lines)[i & (LINES - 1)].0;
    let operation = std::env::args().nth(1);
    measure::measure(|iterations| {
        let count = iterations as usize;
        let mut sum = 0u64;
        match operation.as_deref() {
            Some("load relaxed") => (0..count).for_each(|i| sum = sum.wrapping_add(word(i).load(Relaxed))),
            Some("load") => (0..count).for_each(|i| sum = sum.wrapping_add(word(i).load(SeqCst))),
            Some("store") => (0..count).for_each(|i| word(i).store(i as u64, SeqCst)),
            Some("add") => (0..count).for_each(|i| sum = sum.wrapping_add(word(i).fetch_add(1, SeqCst))),
            Some("compare-exchange") => (0..count).for_each(|i| {
                let old = word(i).load(Relaxed);
                sum += u64::from(word(i).compare_exchange(old, old + 1, SeqCst, SeqCst).is_ok());
            }),
            Some("fence") => (0..count).for_each(|i| {
                word(i).store(i as u64, Relaxed);
                fence(SeqCst);
            }),
            other => panic!("single-operation has no {other:?}"),
        }
        sum
    });
}
