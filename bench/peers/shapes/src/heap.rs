/// What the program has allocated and not freed, if the C library says so.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn in_use() -> Option<usize> {
    #[repr(C)]
    struct Mallinfo2 {
        arena: usize,
        ordblks: usize,
        smblks: usize,
        hblks: usize,
        hblkhd: usize,
        usmblks: usize,
        fsmblks: usize,
        uordblks: usize,
        fordblks: usize,
        keepcost: usize,
    }
    unsafe extern "C" {
        safe fn mallinfo2() -> Mallinfo2;
    }
    let info = mallinfo2();
    Some(info.uordblks + info.hblkhd)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn in_use() -> Option<usize> {
    None
}

/// Makes allocations fail before the machine has no memory left: some shapes
/// are exponential for some engines.
#[cfg(target_os = "linux")]
pub fn limit() {
    const RLIMIT_AS: i32 = 9;
    const BYTES: u64 = 12 << 30;
    unsafe extern "C" {
        fn setrlimit(resource: i32, limit: *const [u64; 2]) -> i32;
    }
    // Where it does not succeed there is no limit.
    unsafe { setrlimit(RLIMIT_AS, &[BYTES, BYTES]) };
}

#[cfg(not(target_os = "linux"))]
pub fn limit() {}
