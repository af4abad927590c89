use alloy::primitives::address;

use super::*;

const A: Address = address!("00000000000000000000000000000000000000aa");
const B: Address = address!("00000000000000000000000000000000000000bb");

fn all_kinds() -> Vec<Bound> {
    vec![
        Bound::native(5),
        Bound::erc20(A, 7),
        Bound::new(Asset::Erc721(A), 1),
        Bound::new(Asset::Deposit(A), 9),
        Bound::new(Asset::Erc1155 { token: A, id: U256::ZERO }, 2),
        Bound::new(Asset::Erc1155 { token: A, id: U256::MAX }, 3),
        Bound::new(Asset::Allowance { token: A, spender: B }, ANY),
        Bound::new(Asset::Operator { token: A, operator: B }, 1),
    ]
}

/// A list with a bound on this asset behind the native one.
fn with(asset: Asset, max_out: u128) -> Result<Bounds, BoundsError> {
    Bounds::new(vec![Bound::native(1), Bound::new(asset, max_out)])
}

#[test]
fn every_kind_is_packed_and_unpacked() {
    let bounds = Bounds::new(all_kinds()).unwrap();
    let packed = bounds.pack();
    assert_eq!(bounds.size(), 4 << 4 | 8);
    assert_eq!(packed.len(), 8 * BOUND_LEN + 4 * EXTRA_LEN);
    assert_eq!(Bounds::packed_len(bounds.size()), Ok(packed.len()));
    assert_eq!((packed[36], packed[37]), (5, 1));
    // The kinds in order, at their places.
    let places = [0, 37, 74, 111, 148, 217, 286, 355];
    assert_eq!(places.map(|at| packed[at]), [0, 1, 2, 3, 4, 4, 5, 6]);
    assert_eq!(packed[217 + 37..286], [0xff; 32]);
    assert_eq!(packed[286 + 37..355], B.into_word()[..]);
    assert_eq!(Bounds::unpack(bounds.size(), &packed), Ok(bounds.clone()));
    assert_eq!(bounds.hash(), keccak256(packed));
    assert_eq!(bounds.on(Asset::Deposit(A)), Some(&Bound::new(Asset::Deposit(A), 9)));
    assert_eq!(bounds.on(Asset::Deposit(B)), None);
}

#[test]
fn the_longest_list_is_as_long_as_estimates_take_it() {
    let longer = (1..=7).map(|id| Asset::Erc1155 { token: A, id: U256::from(id) });
    let list = std::iter::once(Asset::Native).chain(longer).map(Bound::widest).collect();
    assert_eq!(Bounds::new(list).unwrap().pack().len(), MAX_BOUNDS_LEN);
}

#[test]
fn refuses_every_other_shape() {
    assert_eq!(Bounds::new(vec![]), Err(BoundsError::Missing));
    assert_eq!(Bounds::new(vec![Bound::erc20(A, 1)]), Err(BoundsError::NativeFirst));
    let native = Bound::native(1);
    assert_eq!(Bounds::new(vec![native, native]), Err(BoundsError::NotAscending(1)));
    for (index, bound) in all_kinds().into_iter().enumerate().skip(1) {
        let mut twice = all_kinds();
        twice.truncate(index);
        twice.extend([bound, Bound { max_out: 0, ..bound }]);
        if twice.len() <= MAX_BOUNDS {
            assert_eq!(Bounds::new(twice), Err(BoundsError::NotAscending(index + 1)));
        }
        let mut swapped = all_kinds();
        if index > 1 {
            swapped.swap(index - 1, index);
            assert_eq!(Bounds::new(swapped), Err(BoundsError::NotAscending(index)));
        }
    }
    let zero = Address::ZERO;
    for asset in [
        Asset::Erc20(zero),
        Asset::Erc721(zero),
        Asset::Deposit(zero),
        Asset::Erc1155 { token: zero, id: U256::ONE },
        Asset::Allowance { token: zero, spender: A },
        Asset::Operator { token: zero, operator: A },
    ] {
        assert_eq!(with(asset, 1), Err(BoundsError::Asset(1)), "{asset}");
    }
    for asset in
        [Asset::Allowance { token: A, spender: zero }, Asset::Operator { token: A, operator: zero }]
    {
        assert_eq!(with(asset, 1), Err(BoundsError::Grantee(1)), "{asset}");
    }
    let operator = Asset::Operator { token: A, operator: B };
    assert_eq!(with(operator, 2), Err(BoundsError::Operator { index: 1, max_out: 2 }));
    assert!(with(operator, 0).is_ok());
    let many = std::iter::once(native)
        .chain((1..=8).map(|n| Bound::erc20(Address::with_last_byte(n), 1)))
        .collect::<Vec<_>>();
    assert!(Bounds::new(many[..8].to_vec()).is_ok());
    assert_eq!(Bounds::new(many), Err(BoundsError::TooMany(9)));
}

#[test]
fn size_bytes_are_those_that_a_list_can_have() {
    for size in 0..=u8::MAX {
        let (count, longer) = (usize::from(size & 15), usize::from(size >> 4));
        let expected = match count {
            0 => Err(BoundsError::Missing),
            9.. => Err(BoundsError::TooMany(count)),
            _ if longer >= count => Err(BoundsError::Longer { count, longer }),
            _ => Ok(37 * count + 32 * longer),
        };
        assert_eq!(Bounds::packed_len(size), expected, "{size:#04x}");
    }
}

#[test]
fn refuses_hostile_bytes_by_name() {
    let bounds = Bounds::new(all_kinds()).unwrap();
    let (size, packed) = (bounds.size(), bounds.pack());
    let changed = |at: usize, byte: u8| {
        let mut changed = packed.to_vec();
        changed[at] = byte;
        Bounds::unpack(size, &changed)
    };
    for given in [packed.len() - 1, packed.len() - 69] {
        let expected = packed.len();
        let torn = Bounds::unpack(size, &packed[..given]);
        assert_eq!(torn, Err(BoundsError::Length { expected, given }));
    }
    let longer = [&packed[..], &[0]].concat();
    assert!(matches!(Bounds::unpack(size, &longer), Err(BoundsError::Length { .. })));
    // Unknown kinds, and longer kinds at the place of shorter ones and the other way round.
    for (index, at) in [0, 37, 74, 111, 148, 217, 286, 355].into_iter().enumerate() {
        for kind in [7, 0xff] {
            assert_eq!(changed(at, kind), Err(BoundsError::Kind { index, kind }));
        }
        for kind in if index < 4 { [4, 5, 6] } else { [1, 2, 3] } {
            let refused = changed(at, kind).unwrap_err();
            let named = matches!(refused, BoundsError::Kind { .. } | BoundsError::Grantee(_));
            assert!(named, "{index} as {kind}: {refused}");
        }
    }
    assert_eq!(changed(1, 1), Err(BoundsError::Asset(0)), "native currency has no address");
    assert_eq!(changed(148, 0), Err(BoundsError::Asset(4)));
    // A spender of more than 20 bytes, and an operator that grows by two.
    assert_eq!(changed(286 + 37, 1), Err(BoundsError::Grantee(6)));
    assert_eq!(changed(355 + 37 + 11, 1), Err(BoundsError::Grantee(7)));
    assert_eq!(changed(355 + 36, 2), Err(BoundsError::Operator { index: 7, max_out: 2 }));
    // The same bytes under another count of longer entries.
    for other in (0..=u8::MAX).filter(|other| *other != size) {
        assert!(Bounds::unpack(other, &packed).is_err(), "{other:#04x}");
    }
}

#[test]
fn a_bound_admits_what_the_module_lets_through() {
    let spender = Asset::Allowance { token: A, spender: B };
    assert!(Bound::erc20(A, 7).admits(U256::from(7)));
    assert!(!Bound::erc20(A, 7).admits(U256::from(8)));
    assert!(!Bound::erc20(A, u128::MAX).admits(U256::MAX));
    assert!(Bound::new(spender, ANY).admits(U256::MAX));
    assert!(!Bound::new(spender, ANY - 1).admits(U256::from(ANY)));
    assert_eq!(Bound::widest(Asset::Operator { token: A, operator: B }).max_out, 1);
}

#[test]
fn json_goes_through_the_same_checks() {
    let bounds = Bounds::new(all_kinds()).unwrap();
    let json = serde_json::to_value(&bounds).unwrap();
    assert_eq!(
        json[0],
        serde_json::json!({"kind": "native", "asset": Address::ZERO, "maxOut": "0x5"})
    );
    assert_eq!(
        json[6],
        serde_json::json!({"kind": "allowance", "asset": A, "spender": B, "maxOut": format!("{ANY:#x}")})
    );
    assert_eq!(serde_json::from_value::<Bounds>(json.clone()).unwrap(), bounds);
    let bad = serde_json::json!([{"kind": "erc20", "asset": A, "maxOut": "0x5"}]);
    assert!(serde_json::from_value::<Bounds>(bad).unwrap_err().to_string().contains("native"));
    for (index, field) in [(1, "id"), (1, "spender"), (4, "spender"), (6, "id"), (6, "other")] {
        let mut more = json.clone();
        more[index][field] = serde_json::json!(A);
        assert!(serde_json::from_value::<Bounds>(more).is_err(), "{field} of {index}");
    }
    for (index, field) in [(4, "id"), (6, "spender"), (7, "spender"), (2, "asset")] {
        let mut less = json.clone();
        less[index].as_object_mut().unwrap().remove(field);
        assert!(serde_json::from_value::<Bounds>(less).is_err(), "{field} of {index}");
    }
}
