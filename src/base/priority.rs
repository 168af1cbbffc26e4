//! Which threads go first where several want the processor.

/// Has this thread stand back so far (0 to 19) behind those that answer somebody who waits; one that stands farther back stays
/// there. Linux keeps it by thread, and threads that are begun here have it too.
pub(crate) fn stand_back(far: i32) {
    if rustix::process::getpriority_process(None).is_ok_and(|now| now < far) {
        let _as_before = rustix::process::setpriority_process(None, far);
    }
}

/// Lets a thread go on that waits for this processor. One that has stood back is not stopped the moment another one wakes up, but
/// at the end of its turn, some milliseconds later: who works long has to ask in between.
pub(crate) fn give_way() {
    std::thread::yield_now();
}
