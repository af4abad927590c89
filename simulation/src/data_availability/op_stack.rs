//! OP stack: the L1 fee, as the chain's own GasPriceOracle computes it.

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    primitives::{Address, Bytes, U256, address},
    sol,
    sol_types::SolCall,
};

use super::DataAvailabilityError;
use crate::{PinnedBlock, Simulator};

/// The predeploy; the same on every chain of the stack.
const GAS_PRICE_ORACLE: Address = address!("420000000000000000000000000000000000000F");
/// Where the predeploy reads the L1's prices.
const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");

sol! {
    function getL1Fee(bytes data) view returns (uint256);
}

/// Wei that the chain charges for publishing this transaction. `unsigned` is its encoding without a signature: the
/// oracle adds the signature's bytes itself.
pub(super) async fn fee(
    simulator: &Simulator,
    block: &PinnedBlock,
    unsigned: Bytes,
) -> Result<U256, DataAvailabilityError> {
    const NAME: &str = "the GasPriceOracle predeploy";
    block.prefetch(&[GAS_PRICE_ORACLE, L1_BLOCK], &[]).await?;
    let call = getL1FeeCall { data: unsigned }.abi_encode();
    let answer = simulator.call(block, GAS_PRICE_ORACLE, call.into()).await?;
    let answer = answer.map_err(|failure| DataAvailabilityError::refused(NAME, &failure))?;
    getL1FeeCall::abi_decode_returns(&answer).map_err(|error| DataAvailabilityError::NotThatKind {
        contract: NAME,
        reason: error.to_string(),
    })
}

/// The bundle's transaction as the oracle wants it. Its own fields are as long as they usually are and do not repeat,
/// so that they compress as little as real ones.
pub(super) fn unsigned(chain_id: u64, to: Address, input: Bytes) -> Bytes {
    let transaction = TxEip1559 {
        chain_id,
        nonce: 0x1d_3b,
        gas_limit: 0x2f_a4_c7,
        max_fee_per_gas: 0x59_68_2f_1b,
        max_priority_fee_per_gas: 0x3b_9a_ca_07,
        to: to.into(),
        value: U256::ZERO,
        access_list: Default::default(),
        input,
    };
    transaction.encoded_for_signing().into()
}

#[cfg(test)]
mod tests {
    use alloy::{
        consensus::{SignableTransaction, TxEnvelope},
        eips::Decodable2718,
        primitives::hex,
    };
    use writ_types::EntryPointVersion;

    use super::*;
    use crate::{
        data_availability::DataAvailability,
        test_utils::{CHAIN_ID, SimpleAccount, TestChain, execute_call},
    };

    /// What the L1Block predeploy tells.
    struct Prices {
        base_fee: u64,
        base_fee_scalar: u32,
        blob_base_fee: u64,
        blob_base_fee_scalar: u32,
    }

    /// Those of `GasPriceOracle.t.sol` in the OP stack's own tests.
    const PUBLISHED: Prices = Prices {
        base_fee: 2_000_000,
        base_fee_scalar: 20,
        blob_base_fee: 3_000_000,
        blob_base_fee_scalar: 15,
    };

    fn bytes(hex: &str) -> Bytes {
        hex::decode(hex.trim()).expect("hex").into()
    }

    /// Places the two predeploys, as they were published, with these prices.
    fn place(chain: &mut TestChain, prices: &Prices, fjord: bool) {
        let code = include_str!("../../tests/fixtures/op-stack/GasPriceOracle.hex");
        chain.put(GAS_PRICE_ORACLE, bytes(code));
        chain.put(L1_BLOCK, bytes(include_str!("../../tests/fixtures/op-stack/L1Block.hex")));
        // isEcotone, isFjord: one byte each.
        let forks = U256::from(if fjord { 0x0101 } else { 0x0001 });
        chain.state_mut().set_slot(GAS_PRICE_ORACLE, U256::ZERO, forks);
        let scalars = (U256::from(prices.base_fee_scalar) << 96_usize)
            | (U256::from(prices.blob_base_fee_scalar) << 64_usize);
        for (slot, value) in
            [(1, U256::from(prices.base_fee)), (3, scalars), (7, U256::from(prices.blob_base_fee))]
        {
            chain.state_mut().set_slot(L1_BLOCK, U256::from(slot), value);
        }
    }

    async fn asked(prices: &Prices, fjord: bool, data: Bytes) -> U256 {
        let mut chain = TestChain::new();
        place(&mut chain, prices, fjord);
        fee(&Simulator::default(), &chain.pin(), data).await.expect("the predeploy answers")
    }

    /// Expected values: `test_getL1Fee_succeeds`, `test_getL1FeeMinimumBound_succeeds` and
    /// `test_getL1FeeRegression_succeeds` of optimism's `packages/contracts-bedrock/test/L2/GasPriceOracle.t.sol`.
    #[tokio::test]
    async fn fees_are_those_that_the_op_stack_publishes() {
        let short = bytes("0000010203");
        let long = bytes(
            "1d2c3ec4f5a9b3f3cd2c024e455c1143a74bbd637c324adcbd4f74e346786ac44e23e78f47d932abedd8d1\
             06daadcea350be16478461046273101034601364012364701331dfad43729dc486abd134bcad61b34d6ca1\
             f2eb31655b7d61ca33ba6d172cdf7d8b5b0ef389a314ca7a9a831c09fc2ca9090d059b4dd25194f3de297b\
             dba6d6d796e4f80be94f8a9151d685607826e7ba25177b40cb127ea9f1438470",
        );
        assert_eq!(asked(&PUBLISHED, false, short.clone()).await, U256::from(48_977), "Ecotone");
        assert_eq!(asked(&PUBLISHED, true, short).await, U256::from(68_500), "Fjord, smallest");
        assert_eq!(asked(&PUBLISHED, true, long).await, U256::from(105_484), "Fjord");
    }

    /// The oracle sees the transaction unsigned and adds the longest signature; the chain charges for the real one.
    #[tokio::test]
    async fn a_transaction_of_op_mainnet_is_told_its_fee_and_hardly_more() {
        let prices = Prices {
            base_fee: 1_055_991_687,
            base_fee_scalar: 5_227,
            blob_base_fee: 1,
            blob_base_fee_scalar: 1_014_213,
        };
        let charged = U256::from(0x5_bf1a_b43d_u64);
        let raw = include_str!("../../tests/fixtures/op-stack/transaction-0x1059e800.hex");
        let signed = TxEnvelope::decode_2718(&mut bytes(raw).as_ref()).expect("a transaction");
        let TxEnvelope::Eip1559(signed) = signed else { panic!("it is of type 2") };
        let told = asked(&prices, true, signed.tx().encoded_for_signing().into()).await;
        assert!(told >= charged && told < charged + charged / U256::from(50), "{told} {charged}");
    }

    #[tokio::test]
    async fn gas_at_its_price_is_the_fee_rounded_up() {
        let (mut chain, entry_point) =
            TestChain::with_entry_point(EntryPointVersion::V08).expect("v0.8 is here");
        let account = SimpleAccount::new(&mut chain, entry_point, 1);
        let operation =
            account.operation(0, execute_call(L1_BLOCK, U256::ZERO, Bytes::new()), true);
        let (simulator, kind) = (Simulator::default(), DataAvailability::OpStack);
        let operations = std::slice::from_ref(&operation);

        let absent = kind.gas(&simulator, &chain.pin(), entry_point, operations, 1).await;
        let absent = absent.expect_err("no predeploy, no price");
        assert!(matches!(absent, DataAvailabilityError::NotThatKind { .. }), "{absent:?}");
        assert!(!absent.is_transient());

        let prices = Prices { base_fee: 30_000_000_000, ..PUBLISHED };
        place(&mut chain, &prices, true);
        let block = chain.pin();
        let gas = |price| kind.gas(&simulator, &block, entry_point, operations, price);
        let calldata = writ_types::handle_ops_calldata(operations, crate::DEFAULT_ORIGIN);
        let calldata = calldata.expect("one version");
        let whole = unsigned(CHAIN_ID, entry_point.address, calldata);
        let wei = fee(&simulator, &block, whole).await.expect("a fee");
        assert!(wei > U256::from(1_000_000), "{wei}");
        for price in [1, 7, 1_000, 999_999] {
            let gas = gas(price).await.expect("gas");
            assert!(gas * U256::from(price) >= wei, "{gas} at {price}");
            assert!((gas - U256::from(1)) * U256::from(price) < wei, "{gas} at {price}");
        }
        assert_eq!(gas(0).await.expect("gas"), wei, "a price of zero is one wei, not a division");
        let none = DataAvailability::None;
        let nothing = none.gas(&simulator, &block, entry_point, operations, 1).await;
        assert_eq!(nothing, Ok(U256::ZERO));
    }

    #[tokio::test]
    async fn an_operation_that_is_filled_in_later_costs_no_more_than_its_stand_in() {
        let (mut chain, entry_point) =
            TestChain::with_entry_point(EntryPointVersion::V08).expect("v0.8 is here");
        let account = SimpleAccount::new(&mut chain, entry_point, 1);
        place(&mut chain, &Prices { base_fee: 30_000_000_000, ..PUBLISHED }, true);
        let (simulator, block) = (Simulator::default(), chain.pin());
        let price = async |operation: &writ_types::UserOperation| {
            let operations = std::slice::from_ref(operation);
            let kind = DataAvailability::OpStack;
            let gas = kind.gas(&simulator, &block, entry_point, operations, 1_000).await;
            gas.expect("gas")
        };
        for (size, gas) in [(0_usize, 21_345_u128), (100, 345_678), (900, 1_234_567)] {
            let data: Vec<u8> = (0..size).map(|at| (at * at % 251) as u8).collect();
            let finished = {
                let mut known = account.operation(3, data.into(), false);
                known.call_gas_limit = gas;
                known.verification_gas_limit = gas / 3;
                known.pre_verification_gas = U256::from(57_931);
                account.sign(&mut known);
                known
            };
            let mut unknown = finished.clone();
            unknown.call_gas_limit = 0;
            unknown.verification_gas_limit = 0;
            unknown.pre_verification_gas = U256::ZERO;
            unknown.signature = vec![0xff; 65].into();
            let stand_in = price(&super::super::filled(&unknown, 65)).await;
            let real = price(&finished).await;
            let most = super::super::with_margin(stand_in);
            assert!(real <= most, "{size}: {real}, not within {most}");
            assert!(stand_in < real + real / U256::from(10), "{size}: {stand_in}, {real}");
        }
    }
}
