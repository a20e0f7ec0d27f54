//! Regrets by id, and the arrays of those who take part in an epoch.
//!
//! Whoever has no regret yet starts with the initial one. Both ways walk along
//! the sorted ids: for `W` workers who all take part, `W²` steps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::life::Id;
use crate::memory::Regrets;

/// From so many times as many ids in store as are asked for, each is looked up.
const SPARSE: usize = 16;

/// Numbers by id.
pub(crate) type Row = BTreeMap<Id, f64>;

/// Regrets of one inference, by role and id of the worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Workers {
    pub(crate) inferers: Row,
    pub(crate) forecasters: Row,
}

/// All regrets of a topic (Eq 15).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RegretsById {
    pub(crate) network: Workers,
    pub(crate) naive: Row,
    /// By the inferer left out.
    without_inferer: BTreeMap<Id, Workers>,
    /// By the forecaster left out.
    without_forecaster: BTreeMap<Id, Workers>,
    /// By the forecaster let in; of forecasters only that one.
    one_in: BTreeMap<Id, Workers>,
}

impl RegretsById {
    /// The regrets of those who take part, ids sorted, into arrays.
    pub(crate) fn gather(
        &self,
        inferers: &[Id],
        forecasters: &[Id],
        initial: f64,
        into: &mut Regrets,
    ) {
        let Regrets { network, naive, one_out, one_in } = into;
        for array in [&mut *network, naive, one_out, one_in] {
            array.clear();
        }
        self.network.fetch(inferers, forecasters, initial, network);
        fetch(&self.naive, inferers, initial, naive);
        let nobody = Workers::default();
        for id in inferers {
            let row = self.without_inferer.get(id).unwrap_or(&nobody);
            row.fetch(inferers, forecasters, initial, one_out);
        }
        for id in forecasters {
            let row = self.without_forecaster.get(id).unwrap_or(&nobody);
            row.fetch(inferers, forecasters, initial, one_out);
        }
        for id in forecasters {
            let row = self.one_in.get(id).unwrap_or(&nobody);
            row.fetch(inferers, std::slice::from_ref(id), initial, one_in);
        }
    }

    /// Puts arrays back to their ids.
    pub(crate) fn scatter(&mut self, inferers: &[Id], forecasters: &[Id], from: &Regrets) {
        self.network.store(inferers, forecasters, &from.network);
        store(&mut self.naive, inferers, &from.naive);
        let workers = inferers.len() + forecasters.len();
        let mut rows = from.one_out.chunks_exact(workers.max(1));
        let mut put = |rows_of: &mut BTreeMap<Id, Workers>, ids: &[Id]| {
            for (id, row) in ids.iter().zip(&mut rows) {
                entry(rows_of, id).store(inferers, forecasters, row);
            }
        };
        put(&mut self.without_inferer, inferers);
        put(&mut self.without_forecaster, forecasters);
        for (id, row) in forecasters.iter().zip(from.one_in.chunks_exact(inferers.len() + 1)) {
            entry(&mut self.one_in, id).store(inferers, std::slice::from_ref(id), row);
        }
    }
}

impl Workers {
    fn fetch(&self, inferers: &[Id], forecasters: &[Id], initial: f64, out: &mut Vec<f64>) {
        fetch(&self.inferers, inferers, initial, out);
        fetch(&self.forecasters, forecasters, initial, out);
    }

    fn store(&mut self, inferers: &[Id], forecasters: &[Id], values: &[f64]) {
        let (by_inferer, by_forecaster) = values.split_at(inferers.len());
        store(&mut self.inferers, inferers, by_inferer);
        store(&mut self.forecasters, forecasters, by_forecaster);
    }
}

/// Appends the numbers of some ids, sorted; `absent` for those without one.
pub(crate) fn fetch(row: &Row, ids: &[Id], absent: f64, out: &mut Vec<f64>) {
    if row.len() > SPARSE * ids.len() {
        out.extend(ids.iter().map(|id| row.get(id).copied().unwrap_or(absent)));
        return;
    }
    let mut known = row.iter().peekable();
    for id in ids {
        while known.next_if(|(other, _)| *other < id).is_some() {}
        let found = known.next_if(|(other, _)| *other == id);
        out.push(found.map_or(absent, |(_, value)| *value));
    }
}

/// Sets the numbers of some ids, sorted; those without one in `values` (NaN)
/// stay as they are.
pub(crate) fn store(row: &mut Row, ids: &[Id], values: &[f64]) {
    let mut absent = Vec::new();
    let given = ids.iter().zip(values).filter(|(_, value)| !value.is_nan());
    if row.len() > SPARSE * ids.len() {
        for (id, value) in given {
            match row.get_mut(id) {
                Some(place) => *place = *value,
                None => absent.push((id, *value)),
            }
        }
    } else {
        let mut known = row.iter_mut().peekable();
        for (id, value) in given {
            while known.next_if(|(other, _)| *other < id).is_some() {}
            match known.next_if(|(other, _)| *other == id) {
                Some((_, place)) => *place = *value,
                None => absent.push((id, *value)),
            }
        }
    }
    row.extend(absent.into_iter().map(|(id, value)| (id.clone(), value)));
}

fn entry<'a>(rows: &'a mut BTreeMap<Id, Workers>, id: &Id) -> &'a mut Workers {
    if !rows.contains_key(id) {
        rows.insert(id.clone(), Workers::default());
    }
    rows.get_mut(id).expect("it is there now")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;

    fn ids(names: &[&str]) -> Vec<Id> {
        names.iter().map(|name| Id::from(*name)).collect()
    }

    #[test]
    fn what_is_put_back_is_found_by_id() {
        let layout = Layout::new(2, 2);
        let mut regrets = Regrets::even(layout, 0.0);
        let mut next = 0.0;
        for array in
            [&mut regrets.network, &mut regrets.naive, &mut regrets.one_out, &mut regrets.one_in]
        {
            for value in array.iter_mut() {
                next += 1.0;
                *value = next;
            }
        }
        let (inferers, forecasters) = (ids(&["b", "d"]), ids(&["b", "x"]));
        let mut by_id = RegretsById::default();
        by_id.scatter(&inferers, &forecasters, &regrets);
        let mut again = Regrets::default();
        by_id.gather(&inferers, &forecasters, -9.0, &mut again);
        assert_eq!(again, regrets);
        // With newcomers `a` and `c`, without `b` and `x`.
        by_id.gather(&ids(&["a", "d"]), &ids(&["c"]), -9.0, &mut again);
        assert_eq!(again.network, [-9.0, regrets.network[1], -9.0]);
        assert_eq!(again.one_out[3..6], [-9.0, regrets.one_out[5], -9.0]);
        assert_eq!(again.one_in, [-9.0; 3]);
    }

    #[test]
    fn many_who_are_away_change_nothing() {
        let mut row: Row = (0..100).map(|n| (Id::from(format!("{n:03}")), f64::from(n))).collect();
        let few = ids(&["000", "050", "0505", "zz"]);
        let mut out = Vec::new();
        fetch(&row, &few, -1.0, &mut out);
        assert_eq!(out, [0.0, 50.0, -1.0, -1.0]);
        store(&mut row, &few, &[7.0, f64::NAN, 8.0, f64::NAN]);
        assert_eq!((row["000"], row["050"], row["0505"], row.len()), (7.0, 50.0, 8.0, 101));
    }
}
