//! What the crate's dependencies ask of the system, answered by the script: symbols of the program come before those of
//! the C library.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

static SECONDS: AtomicI64 = AtomicI64::new(1_700_000_000);
static CPUS: AtomicUsize = AtomicUsize::new(1);

/// Unix seconds, from now on, of every clock.
pub fn set_seconds(seconds: u64) {
    SECONDS.store(seconds as i64, Ordering::Relaxed);
}

pub fn set_cpus(cpus: usize) {
    CPUS.store(cpus, Ordering::Relaxed);
}

#[no_mangle]
pub unsafe extern "C" fn clock_gettime(_clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
    (*time).tv_sec = SECONDS.load(Ordering::Relaxed);
    (*time).tv_nsec = 0;
    0
}

#[no_mangle]
pub unsafe extern "C" fn sched_getaffinity(
    _pid: libc::pid_t,
    bytes: libc::size_t,
    set: *mut libc::cpu_set_t,
) -> libc::c_int {
    std::ptr::write_bytes(set.cast::<u8>(), 0, bytes);
    for cpu in 0..CPUS.load(Ordering::Relaxed).min(bytes * 8) {
        libc::CPU_SET(cpu, &mut *set);
    }
    0
}
