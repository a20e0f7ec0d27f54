//! Registration, payloads, commitments and reports.

use allonet_core::time::Instant;

use crate::commitment::Committed;
use crate::layout::Layout;
use crate::life::books::{Report, Waiting};
use crate::life::payload::{Forecast, Given, Losses, Work};
use crate::life::regrets::Row;
use crate::life::{Id, Rejected, Role, Topic};
use crate::loss::LossError;

impl Topic {
    pub(super) fn register(&mut self, actor: &Id, role: Role) -> Result<(), Rejected> {
        if let Some(whitelist) = &self.rules.whitelist {
            let list = if role == Role::Reputer { &whitelist.reputers } else { &whitelist.workers };
            if !list.contains(actor) {
                let message = format!("`{actor}` is not on the list of this topic");
                return Err(Rejected::new("not-listed", message, "ask its creator"));
            }
        }
        if self.is_registered(actor, role) {
            let message = format!("`{actor}` is registered as {} already", role.name());
            return Err(Rejected::new("registered-already", message, "go on and take part"));
        }
        self.class_mut(role).set_registered(actor, true);
        Ok(())
    }

    pub(super) fn leave(&mut self, actor: &Id, role: Role) -> Result<(), Rejected> {
        self.must_be(actor, role)?;
        self.class_mut(role).set_registered(actor, false);
        Ok(())
    }

    /// An inference or a forecast, or the reveal of one.
    pub(super) fn work(
        &mut self,
        actor: &Id,
        epoch: u64,
        work: Work,
        salt: Option<String>,
    ) -> Result<(), Rejected> {
        let role = match &work {
            Work::Inference(_) => Role::Inferer,
            Work::Forecast(_) => Role::Forecaster,
        };
        match (self.rules.commit_reveal, salt) {
            (false, None) => {
                self.must_be(actor, role)?;
                self.in_submissions(epoch)?;
            }
            (true, Some(salt)) => self.check_reveal(actor, epoch, &work, &salt)?,
            (true, None) => {
                let help = "send a `commit` now and a `reveal` when submissions have closed";
                return Err(Rejected::new("commit-first", "this topic takes commitments", help));
            }
            (false, Some(_)) => {
                let help = "send it as `infer` or `forecast` while submissions are open";
                return Err(Rejected::new("no-commitments", "nothing to reveal here", help));
            }
        }
        let given = self.collecting.get(&epoch).is_some_and(|so_far| match role {
            Role::Inferer => so_far.inferences.contains_key(actor),
            _ => so_far.forecasts.contains_key(actor),
        });
        if given {
            return Err(second(actor, role.name(), epoch));
        }
        match work {
            Work::Inference(values) => {
                self.rules.loss.fits(&values).map_err(unfit)?;
                let so_far = self.collecting.entry(epoch).or_default();
                so_far.inferences.insert(actor.clone(), values);
            }
            Work::Forecast(losses) => {
                let kept = self.keep_best(losses)?;
                self.collecting.entry(epoch).or_default().forecasts.insert(actor.clone(), kept);
            }
        }
        Ok(())
    }

    /// The elements of a forecast for registered inferers, and of those the ones
    /// for the best: a flood of them costs nobody anything.
    fn keep_best(&self, losses: Forecast) -> Result<Row, Rejected> {
        let sent = losses.len();
        let known = losses.into_iter().filter(|(id, _)| self.inferers.is_registered(id));
        let mut known: Vec<(f64, Id, f64)> =
            known.map(|(id, loss)| (self.inferers.rank(&id), id, loss)).collect();
        if known.is_empty() {
            let message = format!("none of the {sent} inferers forecast is registered");
            let help = "forecast the losses of registered inferers, by their ids";
            return Err(Rejected::new("nobody-forecast", message, help));
        }
        known.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        known.truncate(self.rules.forecast_elements);
        Ok(known.into_iter().map(|(_, id, loss)| (id, loss)).collect())
    }

    pub(super) fn commit(
        &mut self,
        actor: Id,
        epoch: u64,
        role: Role,
        hash: String,
    ) -> Result<(), Rejected> {
        if !self.rules.commit_reveal {
            let help = "send `infer` or `forecast` with the payload itself";
            return Err(Rejected::new("no-commitments", "this topic takes none", help));
        }
        self.must_be(&actor, role)?;
        self.in_submissions(epoch)?;
        let so_far = self.collecting.entry(epoch).or_default();
        let hashes = match role {
            Role::Inferer => &mut so_far.inference_hashes,
            _ => &mut so_far.forecast_hashes,
        };
        if hashes.contains_key(&actor) {
            return Err(second(&actor, "commitment", epoch));
        }
        hashes.insert(actor, hash);
        Ok(())
    }

    fn check_reveal(
        &self,
        actor: &Id,
        epoch: u64,
        work: &Work,
        salt: &str,
    ) -> Result<(), Rejected> {
        let opens = self.rules.schedule.submissions_end(epoch);
        self.in_window("reveals", epoch, opens, self.rules.inferences_close(epoch))?;
        let so_far = self.collecting.get(&epoch);
        let (hash, payload) = match work {
            Work::Inference(values) => (
                so_far.and_then(|so_far| so_far.inference_hashes.get(actor)),
                Committed::Inference(values),
            ),
            Work::Forecast(losses) => (
                so_far.and_then(|so_far| so_far.forecast_hashes.get(actor)),
                Committed::Forecast(losses),
            ),
        };
        let Some(hash) = hash else {
            let message = format!("`{actor}` committed to nothing like this in epoch {epoch}");
            let help = "commit while submissions are open, reveal when they have closed";
            return Err(Rejected::new("no-commitment", message, help));
        };
        let found = self.commitment(epoch, actor, payload, salt);
        if found == *hash {
            return Ok(());
        }
        let message = format!("this payload has the hash {found}, committed was {hash}");
        let help = "reveal the very payload, salt and actor that were hashed";
        Err(Rejected::new("wrong-reveal", message, help))
    }

    pub(super) fn report(&mut self, actor: Id, epoch: u64, given: Given) -> Result<(), Rejected> {
        self.must_be(&actor, Role::Reputer)?;
        let opens = self.rules.reports_open(epoch);
        self.in_window("reports", epoch, opens, self.rules.reports_close(epoch))?;
        let (stake, least) = (self.stakes.of(&actor), self.rules.minimum_stake);
        if stake < least {
            let message = format!("`{actor}` has a stake of {stake} base units");
            let help = format!("reports count with {least} or more: `stake`, or be delegated to");
            return Err(Rejected::new("too-little-stake", message, help));
        }
        if let Given::Truth(truth) = &given {
            self.rules.loss.fits_truth(truth).map_err(unfit)?;
        }
        let Some(waiting) = self.waiting.get_mut(&epoch) else {
            let message = format!("nobody inferred anything in epoch {epoch}");
            return Err(Rejected::new("nothing-to-report", message, "it was skipped"));
        };
        if waiting.reports.contains_key(&actor) {
            return Err(second(&actor, "report", epoch));
        }
        let report = match given {
            Given::Truth(truth) => Report::Truth(truth),
            Given::Losses(losses) => Report::Losses(in_layout(&losses, waiting)?),
        };
        waiting.reports.insert(actor, report);
        Ok(())
    }

    pub(super) fn must_be(&self, actor: &str, role: Role) -> Result<(), Rejected> {
        if self.is_registered(actor, role) {
            return Ok(());
        }
        let message = format!("`{actor}` is not registered as {}", role.name());
        let help = format!("`register` with the role {}", role.name());
        Err(Rejected::new("not-registered", message, help))
    }

    fn in_submissions(&self, epoch: u64) -> Result<(), Rejected> {
        let schedule = &self.rules.schedule;
        self.in_window("submissions", epoch, schedule.opens(epoch), schedule.submissions_end(epoch))
    }

    fn in_window(
        &self,
        what: &str,
        epoch: u64,
        opens: Instant,
        closes: Instant,
    ) -> Result<(), Rejected> {
        let now = self.now.expect("time has moved to that of the event");
        let (code, so) = if now < opens {
            ("too-early", "have not opened")
        } else if now >= closes {
            ("too-late", "have closed")
        } else {
            return Ok(());
        };
        let message = format!("{what} of epoch {epoch} {so} at {now}");
        let help = match self.rules.schedule.epoch_at(now) {
            Some(newest) => format!(
                "they are open from {opens} until before {closes}; the newest epoch is {newest}"
            ),
            None => format!("they are open from {opens} until before {closes}"),
        };
        Err(Rejected::new(code, message, help))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unfit(error: LossError) -> Rejected {
    Rejected::new("bad-value", error.to_string(), "give what the loss of this topic takes")
}

fn second(actor: &str, what: &str, epoch: u64) -> Rejected {
    let message = format!("`{actor}` has given its {what} payload for epoch {epoch} already");
    Rejected::new("second-payload", message, "the first one counts; wait for the next epoch")
}

/// Losses given by a reputer, at their positions; those of somebody who takes no
/// part are refused.
fn in_layout(losses: &Losses, waiting: &Waiting) -> Result<Vec<Option<f64>>, Rejected> {
    let layout = waiting.layout();
    let (inferers, forecasters) = (&waiting.inferers[..], &waiting.forecasters[..]);
    let mut all = vec![None; layout.len()];
    all[Layout::NETWORK] = losses.network;
    all[Layout::NAIVE] = losses.naive;
    let outs = layout.one_outs().start;
    for (part, ids, first) in [
        (&losses.inferers, inferers, layout.inferences().start),
        (&losses.forecasters, forecasters, layout.implied().start),
        (&losses.one_out_inferers, inferers, outs),
        (&losses.one_out_forecasters, forecasters, outs + layout.inferers),
        (&losses.one_in, forecasters, layout.one_ins().start),
    ] {
        put(part, ids, &mut all[first..first + ids.len()])?;
    }
    for (inferer, row) in &losses.implied_without {
        let range = layout.implied_without_one(place(inferer, inferers)?);
        put(row, forecasters, &mut all[range])?;
    }
    if all.iter().all(Option::is_none) {
        let help = "give at least the loss of `network`, or the `truth`";
        return Err(Rejected::new("bad-report", "the report has no loss at all", help));
    }
    Ok(all)
}

fn put(part: &Row, ids: &[Id], places: &mut [Option<f64>]) -> Result<(), Rejected> {
    for (id, loss) in part {
        places[place(id, ids)?] = Some(*loss);
    }
    Ok(())
}

fn place(id: &Id, ids: &[Id]) -> Result<usize, Rejected> {
    ids.binary_search(id).map_err(|_| {
        let message = format!("`{id}` takes no part in this epoch in that role");
        Rejected::new("not-taking-part", message, "report on those whom the inferences named")
    })
}
