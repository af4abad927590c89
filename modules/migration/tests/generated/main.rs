//! Generated pairs of contracts against the EVM: the old contract writes every value, the new one reads them at the same
//! storage. Where the verdict is safe, every value has to be there. Another run of other pairs: `WRIT_LAYOUT_SEED=<number>`.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod contract;

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    hex,
    primitives::{Address, Bytes, U256, keccak256},
};
use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext,
    context::TxEnv,
    database::{CacheDB, EmptyDB},
    primitives::TxKind,
    state::{AccountInfo, Bytecode},
};
use writ_migration::{Verdict, compare};

use contract::{Contract, Ty};

const PAIRS: usize = 72;
const SUBJECT: Address = Address::repeat_byte(0x51);
const CALLER: Address = Address::repeat_byte(0xca);

struct Pair {
    edits: Vec<&'static str>,
    expected: Vec<U256>,
    /// Values that the new contract has no way to read, or reads as something else.
    gone: bool,
    keys: Vec<String>,
}

fn generate(rng: &mut TestRng) -> (Pair, String, String) {
    let before = Contract::any(rng);
    let mut after = before.clone();
    let edits = (0..rng.random_range(1..3)).map(|_| after.edit(rng)).collect();
    let old = before.leaves();
    let keys: Vec<String> = old.iter().map(|leaf| leaf.key.clone()).collect();
    let now: BTreeMap<String, Ty> =
        after.leaves().into_iter().map(|leaf| (leaf.key, leaf.kind.clone())).collect();
    let gone = old.iter().any(|leaf| match (leaf.kind, now.get(&leaf.key)) {
        (Ty::Enum(members), Some(Ty::Enum(new))) => members[1] != new[1],
        (had, Some(has)) => had != has,
        (_, None) => true,
    });
    let expected = old.iter().map(|leaf| leaf.value().0).collect();
    let (one, other) = (before.solidity(&keys), after.solidity(&keys));
    (Pair { edits, expected, gone, keys }, one, other)
}

/// Runtime code of `Subject` in every source.
fn code(sources: &BTreeMap<String, String>) -> BTreeMap<String, Bytes> {
    let mut input = common::file(sources)["input"].clone();
    input["settings"]["outputSelection"] =
        serde_json::json!({ "*": { "Subject": ["evm.deployedBytecode.object"] } });
    let output = common::run_solc(&input);
    let read = |source: &String| {
        let contract = &output["contracts"][source]["Subject"];
        let text = contract["evm"]["deployedBytecode"]["object"].as_str();
        let text = text.unwrap_or_else(|| panic!("{source}: {}", output["errors"]));
        (source.clone(), hex::decode(text).unwrap().into())
    };
    sources.keys().map(read).collect()
}

struct Chain(CacheDB<EmptyDB>);

impl Chain {
    fn install(&mut self, code: &Bytes) {
        let code = Bytecode::new_raw(code.clone());
        let info =
            AccountInfo { code_hash: code.hash_slow(), code: Some(code), ..AccountInfo::default() };
        self.0.insert_account_info(SUBJECT, info);
    }

    fn call(&mut self, function: &str) -> Option<Bytes> {
        let mut evm = Context::mainnet()
            .with_db(&mut self.0)
            .modify_cfg_chained(|cfg| {
                cfg.disable_nonce_check = true;
                cfg.tx_gas_limit_cap = Some(u64::MAX);
            })
            .modify_block_chained(|block| block.gas_limit = u64::MAX)
            .build_mainnet();
        let ran = evm.transact_commit(TxEnv {
            caller: CALLER,
            kind: TxKind::Call(SUBJECT),
            data: keccak256(function)[..4].to_vec().into(),
            gas_limit: 500_000_000,
            gas_price: 0,
            ..TxEnv::default()
        });
        let ran = ran.expect("it can be sent");
        ran.is_success().then(|| ran.output().cloned().unwrap_or_default())
    }
}

/// What the new code reads after the old one has written.
fn read(before: &Bytes, after: &Bytes) -> Option<Vec<U256>> {
    let mut chain = Chain(CacheDB::new(EmptyDB::default()));
    chain.install(before);
    chain.call("write()").expect("every value can be written");
    chain.install(after);
    let answer = chain.call("read()")?;
    Some(answer.chunks(32).skip(2).map(U256::from_be_slice).collect())
}

#[test]
fn what_is_called_safe_reads_every_old_value_in_the_evm() {
    let seed = std::env::var("WRIT_LAYOUT_SEED").unwrap_or_else(|_| "writ".to_owned());
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &keccak256(&seed).0);
    let mut sources = BTreeMap::new();
    let mut pairs = Vec::new();
    for index in 0..PAIRS {
        let (pair, before, after) = generate(&mut rng);
        sources.insert(format!("{index:03}/Before.sol"), before);
        sources.insert(format!("{index:03}/After.sol"), after);
        pairs.push(pair);
    }
    let name = |index: usize, file: &str| format!("{index:03}/{file}.sol");
    let contracts: Vec<String> = sources.keys().map(|source| format!("{source}:Subject")).collect();
    let layouts = common::all_layouts(&common::build(&sources), &contracts);
    let code = code(&sources);
    let targets = (0..PAIRS).map(|index| {
        (format!("{}:Subject", name(index, "Before")), format!("{}:Subject", name(index, "After")))
    });
    let theirs = common::upgrades_core(&sources, &targets.clone().collect::<Vec<_>>());
    let (mut safe, mut harmful, mut seen) = (0, 0, BTreeSet::new());
    for (index, (pair, (before, after))) in pairs.iter().zip(targets).enumerate() {
        let report = compare(&layouts[&before], &layouts[&after]);
        let values = read(&code[&name(index, "Before")], &code[&name(index, "After")]);
        let kept = !pair.gone && values.as_ref() == Some(&pair.expected);
        let context = || {
            let lost =
                values.iter().flat_map(|values| values.iter().zip(&pair.expected).zip(&pair.keys));
            let lost: Vec<_> =
                lost.filter(|((is, was), _)| is != was).map(|(_, key)| key).collect();
            format!(
                "seed {seed}, pair {index}, {:?}, lost {lost:?}\n{report}\n{}\n=====\n{}",
                pair.edits,
                sources[&name(index, "Before")],
                sources[&name(index, "After")]
            )
        };
        if report.verdict == Verdict::Safe {
            safe += 1;
            assert!(kept, "called safe, and values are lost: {}", context());
        }
        assert_ne!(report.verdict, Verdict::Unverified, "all of it can be compared: {}", context());
        if !kept {
            harmful += 1;
            seen.extend(pair.edits.iter().copied());
        }
        // Nothing that the peer refuses passes.
        let refused = theirs[index].0 == Some(false);
        assert!(
            !(refused && report.verdict == Verdict::Safe),
            "upgrades-core: {}: {}",
            theirs[index].1,
            context()
        );
    }
    println!("{PAIRS} pairs: {safe} safe, {harmful} lose values, by {seen:?}");
    assert!(safe >= PAIRS / 6, "only {safe} of {PAIRS} pairs are safe");
    assert!(harmful >= PAIRS / 6, "only {harmful} of {PAIRS} pairs lose anything");
}
