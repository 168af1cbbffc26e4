//! When somebody last looked at their jobs in this browser: what came to its end since is marked as new.

use crate::base::time::{DAY_MS, Timestamp};
use crate::web::shell::is_fragment;
use crate::work::jobs::Job;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::{HttpRequest, HttpResponse};

const COOKIE: &str = "jobs_seen";

/// Since when what ends is new: since the last look, and in a browser that never looked since a day ago.
pub(super) fn since(request: &HttpRequest, now: Timestamp) -> Timestamp {
    let seen = request.cookie(COOKIE).and_then(|cookie| cookie.value().parse().ok());
    Timestamp(seen.unwrap_or(now.0 - DAY_MS))
}

/// Whether a job of this person is over since a moment.
pub(super) fn is_new(job: &Job, person: &str, since: Timestamp) -> bool {
    let is_own = job.by.as_ref().is_some_and(|by| by.id == person);
    is_own && !job.state.is_open() && job.since > since
}

/// Whether the page renews itself. A link that is followed is another thing.
fn is_renewal(request: &HttpRequest) -> bool {
    is_fragment(request) && !request.headers().contains_key("HX-Boosted")
}

/// Notes that somebody has looked. A page that renews itself was not looked at anew: what it marks stays marked.
pub(super) fn note(mut answer: HttpResponse, request: &HttpRequest, now: Timestamp) -> HttpResponse {
    if !is_renewal(request) {
        let cookie = Cookie::build(COOKIE, now.0.to_string())
            .path("/admin/jobs")
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::days(365))
            .finish();
        // One that is too long is none; this one is short.
        let _set = answer.add_cookie(&cookie);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::jobs::{By, State};
    use actix_web::test::TestRequest;

    #[test]
    fn what_ended_since_the_last_look_is_new_to_who_started_it() {
        let by = Some(By { id: "stf_1".into(), name: "Anna".into() });
        let job = Job { state: State::Done, since: Timestamp(DAY_MS), by, ..Job::sample() };
        assert!(is_new(&job, "stf_1", Timestamp(DAY_MS - 1)));
        assert!(!is_new(&job, "stf_1", Timestamp(DAY_MS)) && !is_new(&job, "stf_2", Timestamp(0)));
        assert!(!is_new(&Job { state: State::Leased, ..job }, "stf_1", Timestamp(0)));
        let now = Timestamp(2 * DAY_MS);
        let never = TestRequest::get().to_http_request();
        assert_eq!(since(&never, now), Timestamp(DAY_MS));
        let once = TestRequest::get().cookie(Cookie::new(COOKIE, "7")).to_http_request();
        assert_eq!(since(&once, now), Timestamp(7));
        let planted = TestRequest::get().cookie(Cookie::new(COOKIE, "x")).to_http_request();
        assert_eq!(since(&planted, now), Timestamp(DAY_MS));
        let renewed = TestRequest::get().insert_header(("HX-Request", "true")).to_http_request();
        let cookies =
            |request: &HttpRequest| note(HttpResponse::Ok().finish(), request, now).cookies().count();
        assert_eq!((cookies(&never), cookies(&renewed)), (1, 0));
    }
}
