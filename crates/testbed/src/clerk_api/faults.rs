//! [`Faults`]: how the API fails.

/// How often a request fails, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// A 429 with a `Retry-After`.
    pub rate_limited: f64,
    /// The largest `Retry-After`, in seconds; each is random.
    pub retry_after: u64,
    /// A 500.
    pub unavailable: f64,
    /// The connection breaks in the middle of the body.
    pub cut: f64,
}

/// What every request is answered with, instead of the state.
#[derive(Clone, Copy, Debug)]
pub struct Canned {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

impl Canned {
    /// The login page of a proxy.
    pub const LOGIN_PAGE: Self = Self {
        status: 200,
        content_type: "text/html",
        body: "<html><body>Sign in to the network</body></html>",
    };

    /// The same page, with another status.
    #[must_use]
    pub const fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// What one request meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    RateLimited { retry_after: u64 },
    Unavailable,
    Cut,
}

impl Faults {
    pub(super) fn draw(&self, rng: &mut fastrand::Rng) -> Fate {
        let place = rng.f64();
        let (limited, unavailable) = (self.rate_limited, self.rate_limited + self.unavailable);
        match place {
            _ if place < limited => Fate::RateLimited {
                retry_after: rng.u64(..=self.retry_after),
            },
            _ if place < unavailable => Fate::Unavailable,
            _ if place < unavailable + self.cut => Fate::Cut,
            _ => Fate::Served,
        }
    }
}
