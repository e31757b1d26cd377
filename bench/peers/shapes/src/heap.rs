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
