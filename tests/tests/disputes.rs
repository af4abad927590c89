//! A quorum that attests what the policy denies loses its bonds to whoever proves it: `writ policy register`, `writ challenge`.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::{SolCall, SolConstructor, SolValue},
};
use serde_json::{Value, json};
use writ_attestation::{
    Domain, PolicyReference, Suffix,
    wire::{OperatorRecord, OperatorResponse},
};
use writ_bindings::{PolicyCheck, PolicyRegistry, PolicyVM, WritDisputes, WritOperatorRegistry};
use writ_challenger::{Claim, Judgement, Wrong, bounds_of, judge};
use writ_node::dev::{ChildProcess, Wallet, tokens};
use writ_policy::{Limits, PolicyStore, decode};
use writ_tests::{
    Node, Protected, Quorum, Rpc, SOON, SafeVersion, World, complaint, ether, eventually, key,
    root, writ,
};
use writ_types::{AttestableCall, CallPath, ProtectedCall, UserOperation, handle_ops_calldata};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
/// A contract, as the registry wants it of its owner.
const OWNER: Address = Address::repeat_byte(0x0a);
const BENEFICIARY: Address = Address::repeat_byte(0xbe);
const DENIED: i64 = -32532;

struct Court {
    world: World,
    node: Node,
    registry: Address,
    policies: Address,
    disputes: Address,
    payer: PrivateKeySigner,
    key_file: String,
}

impl Court {
    /// The World's operators, bonded, in an epoch whose set is the one that the accounts have.
    async fn new() -> Self {
        let world = World::start(PROGRAM).await;
        let node = Node::new(world.network.chain.url().clone());
        node.must("anvil_setCode", json!([OWNER, "0x00"])).await;
        let made = WritOperatorRegistry::constructorCall {
            owner: OWNER,
            guardian: Address::repeat_byte(0x9a),
            given: WritOperatorRegistry::RegistryParameters {
                leastBond: ether(1).to(),
                joinDelay: 1,
                leaveDelay: 1_000,
                coveredExitDelay: 1_000,
                grace: 3_600,
                thresholdFloor: 2,
                beneficiary: BENEFICIARY,
            },
        };
        let registry =
            node.create(&[&WritOperatorRegistry::BYTECODE[..], &made.abi_encode()].concat()).await;
        let check = node.create(&PolicyCheck::BYTECODE).await;
        let machine = node.create(&PolicyVM::BYTECODE).await;
        let made = PolicyRegistry::constructorCall { check }.abi_encode();
        let policies = node.create(&[&PolicyRegistry::BYTECODE[..], &made].concat()).await;
        let made = WritDisputes::constructorCall { operators: registry, policies, machine, check };
        let disputes =
            node.create(&[&WritDisputes::BYTECODE[..], &made.abi_encode()].concat()).await;

        let payer = key("challenger");
        node.set_balance(payer.address(), ether(10)).await;
        let file = world.folder().join("challenger.key");
        std::fs::write(&file, alloy::hex::encode(payer.to_bytes())).expect("a key file");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, mode).expect("a mode");
        let key_file = file.display().to_string();
        let court = Self { world, node, registry, policies, disputes, payer, key_file };

        let mut signers = Vec::new();
        for number in 1..=court.world.network.operators.len() {
            signers.push(court.join(number).await);
        }
        court.node.must("evm_increaseTime", json!([2])).await;
        court.node.mine(1).await;
        let publish = WritOperatorRegistry::publishCall { epoch: 1, signers, leastThreshold: 2 };
        court.by(OWNER, publish.abi_encode(), U256::ZERO).await;
        let name = WritOperatorRegistry::setDisputesCall { next: disputes };
        court.by(OWNER, name.abi_encode(), U256::ZERO).await;
        court
    }

    async fn by(&self, sender: Address, data: Vec<u8>, value: U256) {
        self.node.set_balance(sender, ether(100)).await;
        self.node.must("anvil_impersonateAccount", json!([sender])).await;
        let data = Bytes::from(data);
        let call = json!({
            "from": sender, "to": self.registry, "data": data, "value": value, "gas": "0x500000"
        });
        self.node.transact(call).await;
    }

    fn operator(number: usize) -> Address {
        Address::repeat_byte(0x50 + u8::try_from(number).expect("small"))
    }

    /// One of the World's operators joins the registry with the key that it signs with.
    async fn join(&self, number: usize) -> Address {
        let path = self.world.folder().join(format!("operator-{number}.key"));
        let text = std::fs::read_to_string(path).expect("a key file");
        let signer: PrivateKeySigner = text.trim().parse().expect("a key");
        let operator = Self::operator(number);
        let domain = WritOperatorRegistry::domainSeparatorCall {};
        let domain = self.node.read(self.registry, domain).await;
        let type_hash = keccak256("OperatorKey(address operator,address signer)");
        let shown = keccak256((type_hash, operator, signer.address()).abi_encode());
        let digest = keccak256([&[0x19, 1], domain.as_slice(), shown.as_slice()].concat());
        let call = WritOperatorRegistry::joinCall {
            signer: signer.address(),
            metadata: String::new(),
            proof: signer.sign_hash_sync(&digest).expect("signed").as_bytes().into(),
        };
        self.by(operator, call.abi_encode(), ether(1)).await;
        signer.address()
    }

    async fn bond(&self, number: usize) -> U256 {
        let operator = Self::operator(number);
        let call = WritOperatorRegistry::operatorOfCall { operator };
        U256::from(self.node.read(self.registry, call).await.bond)
    }

    async fn bonds(&self) -> [U256; 3] {
        [self.bond(1).await, self.bond(2).await, self.bond(3).await]
    }

    async fn owed(&self, recipient: Address) -> U256 {
        self.node.read(self.registry, WritOperatorRegistry::owedCall { recipient }).await
    }

    fn node_url(&self) -> String {
        format!("--node-url={}", self.world.network.chain.url())
    }

    async fn register(&self, more: &[&str]) -> std::process::Output {
        let mut arguments = vec!["policy".to_owned(), "register".to_owned()];
        arguments.push(root().join("policies/agent-spending").display().to_string());
        arguments.push(format!("--registry={}", self.policies));
        arguments.push(self.node_url());
        arguments.extend(more.iter().map(|one| (*one).to_owned()));
        writ(PROGRAM, &arguments, None).await
    }

    fn challenging(&self, source: &str, more: &[String]) -> Vec<String> {
        let mut arguments = vec![
            "challenge".to_owned(),
            format!("--disputes={}", self.disputes),
            format!("--policies={}", root().join("policies").display()),
            format!("--modules={}", self.world.network.stage.module),
            format!("--source={source}"),
            self.node_url(),
        ];
        arguments.extend_from_slice(more);
        arguments
    }

    async fn challenge(&self, more: &[String]) -> std::process::Output {
        let source = self.world.network.bundler.url().to_string();
        writ(PROGRAM, &self.challenging(&source, more), None).await
    }

    fn signer(&self) -> String {
        format!("--signer-key-file={}", self.key_file)
    }

    /// Has the operators' own keys attest what the operators refused, on the evidence that they refused it on.
    async fn attest_what_was_denied(
        &self,
        wallet: &Wallet,
        honest: &UserOperation,
        denied: &UserOperation,
        evidence: &Bytes,
    ) -> UserOperation {
        let document = decode(evidence, &Limits::INPUT).expect("evidence");
        let number = |path: &str| {
            let value = document.path(path).and_then(writ_policy::Value::as_integer);
            value.and_then(|number| number.to_u64()).expect("a number")
        };
        let (_, suffix) = Suffix::split(&honest.signature).expect("a suffix").expect("attested");
        let hash = document.path("chain.block.hash").and_then(writ_policy::Value::as_str);
        let suffix = Suffix {
            evidence: keccak256(evidence),
            bounds: bounds_of(&document).expect("bounds"),
            sequence: number("history.sequence"),
            block_number: number("chain.block.number"),
            block_hash: hash.and_then(|hash| hash.parse().ok()).expect("a hash"),
            max_cost: number("operation.maxCost").into(),
            valid_after: number("chain.block.timestamp") - 1,
            valid_until: number("chain.block.timestamp") + 300,
            ..suffix
        };
        Quorum::of(&self.world, wallet).await.attest(wallet, denied, suffix)
    }
}

fn output(output: &std::process::Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_that_attests_what_is_denied_loses_its_bonds() {
    let court = Court::new().await;
    let (world, wallet) = (&court.world, court.world.v08());
    let bond = ether(1);

    // What nobody registered cannot be re-executed: so it is registered, by anyone, once.
    let printed = output(&court.register(&[]).await);
    assert!(printed.contains("data    0x"), "{printed}");
    let signer = court.signer();
    let sent = output(&court.register(&["--send", &signer]).await);
    assert!(sent.contains("registered by transaction"), "{sent}");
    let again = output(&court.register(&["--send", &signer]).await);
    assert!(again.contains("stands already"), "{again}");

    // The control: what the operators decide by themselves stands.
    let honest = world.transfer(&wallet, 0).await;
    let honest = world.attest(&wallet, &honest).await;
    let hash = world.accept(&wallet, &honest).await;
    world.receipt(hash).await;
    let of = |hash: B256| vec![format!("--operation={hash}"), signer.clone()];
    let judged = output(&court.challenge(&of(hash)).await);
    assert!(judged.contains("right"), "{judged}");
    assert_eq!(court.bonds().await, [bond; 3]);

    // The operators refuse what is over the limit; whoever has their keys attests it all the same, and it happens.
    let denied =
        world.transfer_of(&wallet, 1, world.network.limits.per_operation + tokens(1)).await;
    let params = json!([denied.to_rpc(), wallet.entry_point.address]);
    let refusal = world.refused("writ_attest", params, DENIED).await;
    let recorded = world.must("writ_getDecision", json!([refusal.data["evidence"]])).await;
    let evidence: Bytes = serde_json::from_value(recorded["document"].clone()).expect("evidence");
    let wrong = court.attest_what_was_denied(&wallet, &honest, &denied, &evidence).await;
    let hash = wallet.hash(&wrong).expect("a hash");
    let bundle = handle_ops_calldata(&[wrong], court.payer.address()).expect("one version");
    court.node.send(wallet.entry_point.address, bundle, U256::ZERO).await;

    // Whoever has evidence may keep it back: then nothing is called right.
    let nobody = writ(PROGRAM, &court.challenging("http://127.0.0.1:9", &of(hash)), None).await;
    assert!(complaint(&nobody).contains("has the evidence"));
    // The operators themselves have it as well, in their logs.
    let operator = world.network.operators[0].url().to_string();
    let dry = [of(hash)[0].clone(), "--dry-run".to_owned()];
    let found = output(&writ(PROGRAM, &court.challenging(&operator, &dry), None).await);
    assert!(found.contains("wrong: policy 0 denies"), "{found}");

    // Watching finds it among all others.
    let watching = court.challenging(
        world.network.bundler.url().as_str(),
        &["--watch".to_owned(), "--dry-run".to_owned(), "--every=1".to_owned()],
    );
    let log = world.folder().join("watch.log");
    let mut watcher =
        ChildProcess::start("watcher", PROGRAM.as_ref(), &watching, log.clone()).expect("started");
    eventually("the watcher says so", SOON, move || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        async move {
            (text.contains("right: ") && text.contains("wrong: policy 0 denies")).then_some(())
        }
    })
    .await;
    watcher.end(SOON).await.expect("it ends when it is told to");

    // Dry: the proof is tried and kept, and nothing is sent.
    let folder = world.folder().join("claims");
    let save = format!("--save={}", folder.display());
    let dry = output(&court.challenge(&[of(hash)[0].clone(), "--dry-run".to_owned(), save]).await);
    assert!(dry.contains("wrong: policy 0 denies: per-operation limit"), "{dry}");
    assert!(dry.contains("the proof goes through"), "{dry}");
    assert_eq!(court.bonds().await, [bond; 3]);

    // From the file, without asking anybody: the bonds are gone, and a fourth of them is the challenger's.
    let kept = std::fs::read_dir(&folder).expect("claims").next().expect("one").expect("a file");
    let claim = format!("--claim={}", kept.path().display());
    let proven = output(&court.challenge(&[claim.clone(), signer.clone()]).await);
    assert!(proven.contains("proven by transaction"), "{proven}");
    let signed = court.bonds().await.iter().filter(|left| left.is_zero()).count();
    assert_eq!(signed, 2, "those who signed, and nobody else");
    let payer = court.payer.address();
    assert_eq!(court.owed(payer).await, bond / U256::from(2));
    assert_eq!(court.owed(BENEFICIARY).await, bond * U256::from(3) / U256::from(2));
    let before = court.node.balance(payer).await;
    let collect = WritOperatorRegistry::collectCall { recipient: payer };
    court.by(OWNER, collect.abi_encode(), U256::ZERO).await;
    assert_eq!(court.node.balance(payer).await - before, bond / U256::from(2));

    // Once and no more.
    let said = complaint(&court.challenge(&of(hash)).await);
    assert!(said.contains("NothingToTake"), "{said}");

    // A claim whose parts do not belong together is no claim.
    let mut parts: Value =
        serde_json::from_slice(&std::fs::read(kept.path()).expect("a file")).expect("JSON");
    parts["evidence"] = json!("0x0200");
    std::fs::write(kept.path(), parts.to_string()).expect("written");
    let said = complaint(&court.challenge(&[claim, signer]).await);
    assert!(said.contains("the evidence has the hash"), "{said}");
}

/// What an operator recorded, as a claim.
async fn recorded(world: &World, evidence: &Value, policies: Vec<PolicyReference>) -> Claim {
    let operator = Rpc::new(world.network.operators[0].url().clone());
    let other = Rpc::new(world.network.operators[1].url().clone());
    let mut record = operator.must("operator_decision", json!([evidence])).await;
    if record.is_null() {
        // Two of three sign; one of two knows of it.
        record = other.must("operator_decision", json!([evidence])).await;
    }
    let record: OperatorRecord = serde_json::from_value(record).expect("a record");
    let OperatorResponse::Allow(allow) = record.response else { panic!("an allow") };
    Claim {
        domain: Domain::new(record.chain_id, record.module),
        attestation: allow.attestation,
        action: allow.action,
        evidence: allow.evidence,
        policies,
        signatures: vec![allow.signature],
    }
}

/// Right as it is, and no other.
fn right_and_no_other(store: &PolicyStore, claim: &Claim) {
    assert_eq!(judge(claim, store), Ok(Judgement::Right));
    let mut other = claim.clone();
    other.attestation.block_number += 1;
    let wrong = Judgement::Wrong(Wrong::Statement("chain.block.number"));
    assert_eq!(judge(&other, store), Ok(wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_attest_of_calls_stands() {
    let caller = alloy::primitives::address!("90F79bf6EB2c4f870365E785982E1f101E93b906");
    let recipient = Address::repeat_byte(0x77);
    let world = World::start(PROGRAM).await;
    let protected = Protected::on(&world).await;
    let store = PolicyStore::open(&root().join("policies")).expect("the policies");

    let vault = protected.vault(&[caller], caller).await;
    for (assets, path) in [(100, CallPath::Presented), (50, CallPath::Posted)] {
        let call = protected.deposit(vault, caller, assets, path);
        let attested = world.must("writ_attestCall", json!([call.to_rpc()])).await;
        let policies = protected.policies_of_vault(caller);
        let claim = recorded(&world, &attested["evidence"], policies).await;
        right_and_no_other(&store, &claim);
    }

    let owner = PrivateKeySigner::random();
    let safe = protected.safe(SafeVersion::V150, &owner, recipient).await;
    let transaction = protected.transaction(safe, &owner, 3, recipient, 5, vec![]);
    let call = ProtectedCall::Safe(transaction);
    let call = AttestableCall { chain_id: None, path: CallPath::Posted, call };
    let attested = world.must("writ_attestCall", json!([call.to_rpc()])).await;
    let policies = protected.policies_of_safe(recipient);
    right_and_no_other(&store, &recorded(&world, &attested["evidence"], policies).await);
}
