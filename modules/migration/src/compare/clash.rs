//! A proxy's own storage against that of what it runs: check C3.

use alloy::primitives::U256;

use super::{Comparison, Region, matching::Map, overlaps::named, place, spot};
use crate::{
    finding::{Check, Kind, Report, Severity},
    layout::{Bytes, ContractLayout},
};

/// What a proxy and its implementation keep at the same place. Slots that both name, as ERC-1967's, are meant to be shared.
#[must_use]
pub fn clash(proxy: &ContractLayout, implementation: &ContractLayout) -> Report {
    let mut comparison = Comparison::new(proxy, implementation);
    let region = Region::top(Check::C3, "storage");
    let read = Map::of(implementation, &implementation.variables);
    let zero = Some(U256::ZERO);
    let remedy = "let the proxy keep its own values in ERC-1967 slots or in a namespace, never in state variables";
    let code = named(implementation);
    for field in &proxy.variables {
        comparison.compared += 1;
        if proxy.is_gap(field) {
            continue;
        }
        let (begin, end) = proxy.range(field);
        let before = place(proxy, field, zero);
        for other in read.overlapping(begin, end) {
            let after = place(implementation, other, zero);
            let at = Bytes::at(other.slot, other.offset);
            let shared = at == begin && other.label == field.label && before.kind == after.kind;
            let (kind, severity, consequence) = if shared {
                let consequence = "both keep it there under the same name and type: meant to be one, as a singleton's address".to_owned();
                (Kind::ProxyShared, Severity::Notice, consequence)
            } else {
                let consequence = format!(
                    "the proxy's `{}` and the implementation's `{}` are the same bytes of {}: each would overwrite the other, and the implementation would start with the proxy's value",
                    field.label,
                    other.label,
                    spot(&after)
                );
                (Kind::ProxyClash, Severity::Unsafe, consequence)
            };
            comparison.find(
                &region,
                kind,
                severity,
                field.label.clone(),
                Some(before.clone()),
                Some(after),
                consequence,
                remedy,
            );
        }
        for one in code.iter().filter(|one| one.begin < end && begin < one.end) {
            let consequence = format!(
                "the implementation's `{}` lies where the proxy keeps `{}`: each would overwrite the other",
                one.label, field.label
            );
            // A proxy that reads its own variable by number is read so by the implementation as well.
            let severity =
                if one.namespace.is_some() { Severity::Unsafe } else { Severity::Unverified };
            comparison.find(
                &region,
                Kind::ProxyClash,
                severity,
                field.label.clone(),
                Some(before.clone()),
                Some(one.place.clone()),
                consequence,
                remedy,
            );
        }
    }
    for one in named(proxy) {
        comparison.compared += 1;
        for other in read.overlapping(one.begin, one.end) {
            let own = proxy.variables.iter().any(|field| {
                let (begin, end) = proxy.range(field);
                begin < one.end && one.begin < end
            });
            // Said already, of the variable.
            if own {
                continue;
            }
            let after = place(implementation, other, zero);
            let consequence = clashing(&other.label, &one.label);
            comparison.find(
                &region,
                Kind::ProxyClash,
                Severity::Unsafe,
                one.label.clone(),
                Some(one.place.clone()),
                Some(after),
                consequence,
                remedy,
            );
        }
        for other in code.iter().filter(|other| other.begin < one.end && one.begin < other.end) {
            let same = other.begin == one.begin
                && one.namespace.and_then(|namespace| namespace.id.as_ref())
                    == other.namespace.and_then(|namespace| namespace.id.as_ref());
            if !same {
                let consequence = clashing(&other.label, &one.label);
                comparison.find(
                    &region,
                    Kind::ProxyClash,
                    Severity::Unsafe,
                    one.label.clone(),
                    Some(one.place.clone()),
                    Some(other.place.clone()),
                    consequence,
                    remedy,
                );
            }
        }
    }
    for one in &proxy.computed {
        comparison.find(
            &Region::top(Check::C3, "computed"),
            Kind::SlotComputed,
            Severity::Unverified,
            one.function.clone(),
            None,
            None,
            "the proxy uses slots that are computed while it runs: whether the implementation uses them as well cannot be compared".to_owned(),
            "compare the function by hand",
        );
    }
    comparison.finish()
}

fn clashing(of_implementation: &str, of_proxy: &str) -> String {
    format!(
        "the implementation's `{of_implementation}` lies where the proxy keeps `{of_proxy}`: each would overwrite the other"
    )
}
