//! Where a library may panic over damaged bytes: the panic is caught, and nothing of it reaches the terminal but the sentence
//! that the caller makes of it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; `None` when it panicked. What the panic said goes to the log, at the level of debugging.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if GUARDED.get() {
                tracing::debug!("caught over damaged bytes: {panic}");
            } else {
                usual(panic);
            }
        }));
    });
    let before = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    done.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_is_no_answer_and_others_go_on() {
        assert_eq!(guarded(|| 1), Some(1));
        let caught: Option<i32> = guarded(|| std::panic::resume_unwind(Box::new("planned")));
        assert_eq!(caught, None);
        assert!(!GUARDED.get());
    }
}
