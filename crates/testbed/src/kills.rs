//! When to kill.

use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::time::sleep;

use crate::Error;

const MOMENT: Duration = Duration::from_millis(300);

/// How long to wait before the next kill in a run of this length: a longer run is not a harder one.
pub fn pause(run: Duration, rng: &mut Rng) -> Duration {
    let shortest = (run / 40).min(Duration::from_secs(1));
    shortest.mul_f64(1.0 + 2.0 * rng.f64())
}

/// Waits until `count` returns at least `wanted`; after 300 ms, until it returns at least 1; and for 600 ms at most. A kill
/// that hits nothing does not count.
///
/// # Errors
///
/// When it cannot be counted.
pub async fn until_busy(
    wanted: usize,
    mut count: impl FnMut() -> Result<usize, Error>,
) -> Result<(), Error> {
    let start = Instant::now();
    while start.elapsed() < 2 * MOMENT {
        let wanted = if start.elapsed() > MOMENT { 1 } else { wanted };
        if count()? >= wanted {
            break;
        }
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
