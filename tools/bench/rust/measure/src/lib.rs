//! The Rust side of `tools/bench/src/measure.ts`: same warm-up, same short passes, same line of JSON.

use std::time::Instant;

/// Under `--quick`.
pub fn is_quick() -> bool {
    std::env::var("BENCH_QUICK").as_deref() == Ok("1")
}

/// Warms `operation(iterations)` up and prints the median time of an iteration in nanoseconds.
///
/// `operation` returns something that depends on its work, so that the work cannot be left out.
pub fn measure(mut operation: impl FnMut(u64) -> u64) {
    let (warm_up_ns, pass_count) = if is_quick() { (40e6, 61) } else { (200e6, 151) };
    let pass_ns = 1e6;
    let mut sink = 0u64;
    let mut iterations = 16u64;
    let mut best = f64::INFINITY;
    let begun = Instant::now();
    while (begun.elapsed().as_nanos() as f64) < warm_up_ns {
        let took = time(&mut operation, iterations, &mut sink);
        best = best.min(took.max(1.0) / iterations as f64);
        if took < pass_ns && iterations < 1 << 40 {
            iterations *= 2;
        }
    }
    iterations = ((pass_ns / best).ceil() as u64).max(1);
    let mut passes: Vec<f64> = (0..pass_count)
        .map(|_| time(&mut operation, iterations, &mut sink) / iterations as f64)
        .collect();
    passes.sort_by(f64::total_cmp);
    report(passes[pass_count / 2], &format!("\"iterations\":{iterations},\"sink\":\"{sink}\""));
}

/// Prints the line that the harness reads; `detail` is more JSON properties, or nothing.
pub fn report(value: f64, detail: &str) {
    let comma = if detail.is_empty() { "" } else { "," };
    println!("{{\"value\":{value}{comma}{detail}}}");
}

/// Nanoseconds of one call.
fn time(operation: &mut impl FnMut(u64) -> u64, iterations: u64, sink: &mut u64) -> f64 {
    let begun = Instant::now();
    *sink = sink.wrapping_add(operation(iterations));
    begun.elapsed().as_nanos() as f64
}
