//! What nobody would write: programs, encodings and policies that were changed at random.
//!
//! Whatever is read, the check of programs and the decoder say the same here and in the EVM, what
//! they accept runs to the same end for the same fuel on both interpreters, and nothing panics.
//! `WRIT_FUZZ_CASES` and `WRIT_FUZZ_SEED` make a run longer or begin it elsewhere.

use super::{
    Answer, Machine, Op, Program,
    bound::{FuelBound, Shape},
    evm::Evm,
    generate::{Random, decision, input, parameters, policy},
};
use crate::{
    Limits, decode,
    encoding::{ENCODING_VERSION, encode_bare},
    engine::Engine,
};

/// How many cases a run of the tests has.
const CASES: u64 = 3_000;
/// Changed programs may loop for ever: this ends them.
const FUEL: u64 = 20_000;

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let first = number("WRIT_FUZZ_SEED", 0);
    first..first + number("WRIT_FUZZ_CASES", CASES)
}

fn byte(random: &mut Random) -> u8 {
    let common = [0, 1, 2, 3, 4, 5, 6, 7, 0x1a, 0x22, 0x7f, 0x80, 0xc2, 0xed, 0xf4, 0xff];
    if random.one_in(2) { random.pick(&common) } else { random.below(256) as u8 }
}

fn index(random: &mut Random, length: usize) -> usize {
    random.below(length.max(1) as u64) as usize
}

/// Changes, inserts or drops a few bytes.
fn change(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = index(random, bytes.len());
        match random.below(5) {
            0 => bytes.insert(at, byte(random)),
            1 if !bytes.is_empty() => {
                bytes.remove(at);
            }
            2 => bytes.truncate(at),
            _ => {
                let new = byte(random);
                if let Some(place) = bytes.get_mut(at) {
                    *place = new;
                }
            }
        }
    }
}

/// Changes operands and operations of a program to ones that may well be valid.
fn rewrite(program: &Program, random: &mut Random) -> Vec<u8> {
    let mut program = program.clone();
    let (code, registers) = (program.code.len(), program.rules.len());
    for _ in 0..=random.below(4) {
        let most = program.rules.get(index(random, registers)).map_or(8, |rule| rule.registers);
        let at = index(random, code);
        let Some(instruction) = program.code.get_mut(at) else { continue };
        let value = match random.below(3) {
            0 => random.below(code as u64) as u16,
            1 => random.below(4) as u16,
            _ => random.below(u64::from(most)) as u16,
        };
        match random.below(5) {
            0 => instruction.a = value,
            1 => instruction.b = value,
            2 => instruction.c = value,
            3 => instruction.op = random.pick(Op::ALL),
            _ => {
                // One of the same operands.
                let like: Vec<Op> = Op::ALL
                    .iter()
                    .copied()
                    .filter(|op| op.operands() == instruction.op.operands())
                    .collect();
                instruction.op = random.pick(&like);
            }
        }
    }
    program.to_bytes()
}

/// Programs of generated policies, by their seed.
fn generated(seed: u64, random: &mut Random) -> Option<Program> {
    let source = if seed.is_multiple_of(2) { policy(random) } else { decision(random) };
    let (engine, _) = Engine::new(&[("t.rego", &source)], "data.t.p").ok()?;
    engine.provable().ok()
}

#[test]
fn changed_programs_are_the_same_to_both_machines() {
    let mut evm = Evm::new();
    let mut machine = Machine::new();
    let bound = encode_bare(&parameters());
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    let mut base: Option<Program> = None;
    for seed in seeds() {
        let mut random = Random::new(seed);
        // A policy takes longer to compile than what it becomes takes to change and run.
        if seed.is_multiple_of(8) || base.is_none() {
            base = generated(seed / 8, &mut random).or(base);
        }
        let Some(program) = &base else { continue };
        let mut bytes = rewrite(program, &mut random);
        if random.one_in(4) {
            change(&mut bytes, &mut random);
        }
        let read = Program::from_bytes(&bytes);
        assert_eq!(read.is_ok(), evm.accepts(&bytes), "seed {seed}: {read:?}");
        let Ok(changed) = read else {
            refused += 1;
            continue;
        };
        accepted += 1;
        assert_eq!(changed.to_bytes(), bytes, "seed {seed}");
        let value = input(&mut random);
        let encoded = encode_bare(&value);
        let here = machine.run(&changed, &bound, &encoded, FUEL);
        let there = evm.run(&changed, &bound, &encoded, FUEL);
        assert_eq!(here, there, "seed {seed}: {changed:?} of {value}");
        if let Answer::Value(bytes) = &here.0 {
            let document = [&[ENCODING_VERSION], bytes.as_slice()].concat();
            // What a program builds may be nested deeper than what a decoder takes.
            if let Ok(value) = decode(&document, &Limits::INPUT) {
                assert_eq!(&encode_bare(&value), bytes, "seed {seed}");
            }
        }
        let shapes = (Shape::of_value(&parameters()), Shape::of_value(&value));
        let most = FuelBound::of(&changed, &shapes.0, &shapes.1).analysed;
        assert!(most.is_none_or(|most| here.1 <= most), "seed {seed}: {} of {most:?}", here.1);
    }
    eprintln!("{accepted} accepted, {refused} refused");
    assert!(accepted * 10 > refused && refused * 20 > accepted, "{accepted}, {refused}");
}

#[test]
fn changed_encodings_are_the_same_to_both_decoders() {
    let mut evm = Evm::new();
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    for seed in seeds() {
        let mut random = Random::new(seed);
        let mut bytes = encode_bare(&input(&mut random));
        change(&mut bytes, &mut random);
        let document = [&[ENCODING_VERSION], bytes.as_slice()].concat();
        let here = decode(&document, &Limits::INPUT);
        assert_eq!(here.is_ok(), evm.is_canonical_input(&bytes), "seed {seed}: {here:?}");
        match here {
            Ok(value) => {
                accepted += 1;
                assert_eq!(encode_bare(&value), bytes, "seed {seed}");
            }
            Err(_) => refused += 1,
        }
    }
    assert!(accepted > 20 && refused > 20, "{accepted} accepted, {refused} refused");
}

/// Pieces that are put in place of others.
const PIECES: [&str; 24] = [
    " ",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ":=",
    "==",
    "if",
    "some",
    "in",
    "every",
    "not",
    "default",
    "else",
    "contains",
    "input",
    "data.parameters",
    "x",
    "0",
    "\"\"",
    "|",
    "\n",
];

#[test]
fn changed_policies_are_refused_or_translated() {
    let mut evm = Evm::new();
    let mut machine = Machine::new();
    let bound = encode_bare(&parameters());
    let (mut refused, mut translated) = (0_u64, 0_u64);
    for seed in seeds().step_by(2) {
        let mut random = Random::new(seed);
        let mut source = policy(&mut random);
        for _ in 0..=random.below(2) {
            let mut tokens: Vec<&str> = source.split_inclusive(' ').collect();
            let at = index(&mut random, tokens.len());
            let piece = random.pick(&PIECES);
            match random.below(3) {
                0 => tokens.insert(at, piece),
                1 => {
                    tokens.remove(at);
                }
                _ => tokens[at] = piece,
            }
            source = tokens.concat();
        }
        let program = Engine::new(&[("t.rego", &source)], "data.t.p")
            .ok()
            .filter(|(_, checks)| checks.check().is_ok())
            .and_then(|(engine, _)| engine.provable().ok());
        let Some(program) = program else {
            refused += 1;
            continue;
        };
        translated += 1;
        let bytes = program.to_bytes();
        assert_eq!(Program::from_bytes(&bytes).as_ref(), Ok(&program), "seed {seed}");
        let argument = encode_bare(&input(&mut random));
        let here = machine.run(&program, &bound, &argument, FUEL);
        let there = evm.run(&program, &bound, &argument, FUEL);
        assert_eq!(here, there, "seed {seed}: {source}");
    }
    assert!(refused > 50 && translated > 20, "{refused} refused, {translated} translated");
}
