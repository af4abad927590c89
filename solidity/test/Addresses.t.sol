// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deploy} from "../../script/Deploy.s.sol";
import {EntryPoints} from "./utils/EntryPoints.sol";
import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";
import {Test} from "forge-std/Test.sol";

/// @title docs/addresses.md is where the contracts of this version stand on every chain
/// @dev A contract is added by one line in `setUp`.
contract AddressesDocumentTest is Test {
    string private constant FILE = "docs/addresses.md";
    /// @dev EIP-170 and EIP-3860.
    uint256 private constant MOST_RUNTIME = 24_576;
    uint256 private constant MOST_CREATION = 49_152;

    struct Published {
        string name;
        bytes creation;
    }

    Published[] private contracts;
    Deploy private deploy;

    function setUp() public {
        deploy = new Deploy();
        _add("WritModule.sol:WritModule", "");
        _add("WritLens.sol:WritLens", "");
        _add("P256Owner.sol:P256Owner", "");
        _add("WebAuthnOwner.sol:WebAuthnOwner", "");
        _add("WeightedOwners.sol:WeightedOwners", "");
        _add("ContractOwner.sol:ContractOwner", "");
        // Of a Safe without Safe7579.
        _add("WritSafeGuard.sol:WritSafeGuard", abi.encode(address(0), address(0)));
        // On the module above, for each EntryPoint: v0.7, v0.8, v0.9.
        address module = deploy.addressOf(vm.getCode("WritModule.sol:WritModule"));
        address[3] memory entryPoints = [
            address(ERC4337Utils.ENTRYPOINT_V07),
            address(ERC4337Utils.ENTRYPOINT_V08),
            address(ERC4337Utils.ENTRYPOINT_V09)
        ];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory arguments = abi.encode(entryPoints[i], module);
            _add("WritSimpleAccount.sol:WritSimpleAccount", arguments);
            _add("WritDelegate.sol:WritDelegate", arguments);
        }
    }

    /// @dev Of the development contracts one stands for what inherits the guard: that must fit as well.
    function test_aGuardedContractFits() public {
        bytes memory code = vm.getDeployedCode("DevGuardedVault.sol:DevGuardedVault");
        assertLe(code.length, MOST_RUNTIME);
        vm.snapshotValue("sizes", "DevGuardedVault runtime bytes", code.length);
        vm.snapshotValue(
            "sizes",
            "WritSettings runtime bytes",
            vm.getDeployedCode("WritSettings.sol:WritSettings").length
        );
    }

    /// @dev A contract of solidity/src by its artifact, with its constructor's arguments.
    function _add(string memory artifact, bytes memory arguments) private {
        contracts.push(Published(artifact, bytes.concat(vm.getCode(artifact), arguments)));
    }

    function test_theCommittedAddressesAreWhereTheContractsStand() public {
        string memory document = string.concat(_opening(), _table());
        if (vm.envOr("WRIT_WRITE_DOCS", false)) vm.writeFile(FILE, document);
        assertEq(
            vm.readFile(FILE),
            document,
            "docs/addresses.md is out of date: run WRIT_WRITE_DOCS=true forge test --mc AddressesDocument"
        );
    }

    function test_everyContractIsSmallEnoughForEveryChain() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            address at = EntryPoints.create2(contracts[i].creation, deploy.SALT());
            assertLe(at.code.length, MOST_RUNTIME, contracts[i].name);
            assertLe(contracts[i].creation.length, MOST_CREATION, contracts[i].name);
        }
    }

    /// @dev Nothing in the code depends on comments, paths or the machine that compiled it.
    function test_theCodeCarriesNoMetadata() public view {
        for (uint256 i = 0; i < contracts.length; ++i) {
            bytes memory code = contracts[i].creation;
            for (uint256 at = 0; at + 4 < code.length; ++at) {
                // CBOR: "ipfs" as a text of four letters, and "solc".
                bool marked = code[at] == 0x64
                    && (_says(code, at + 1, "ipfs") || _says(code, at + 1, "solc"));
                assertFalse(marked, contracts[i].name);
            }
        }
    }

    function _says(bytes memory code, uint256 at, bytes4 word) private pure returns (bool) {
        for (uint256 i = 0; i < 4; ++i) {
            if (code[at + i] != word[i]) return false;
        }
        return true;
    }

    function _opening() private view returns (string memory) {
        return string.concat(
            "# Addresses\n\n",
            "Generated, and written anew by `WRIT_WRITE_DOCS=true forge test --mc AddressesDocument`. The contracts of this version\n",
            "stand at the same addresses on every chain: `script/Deploy.s.sol` has them made by the deterministic deployer\n`",
            vm.toString(deploy.DEPLOYER()),
            "`, by CREATE2 with salt zero. The address names the creation code,\n",
            "which carries no metadata (`bytecode_hash = \"none\"`), so that whoever compiles these sources gets the same. Compare the\n",
            "code hash (EXTCODEHASH) before use. Where the code holds the chain id, for its EIP-712 domain, the hash is another on every\n",
            "chain, and the one here is of the code as it stands with chain id 1.\n\n"
        );
    }

    function _table() private returns (string memory text) {
        text =
            "| contract | address | code hash | bytes | creation code hash |\n|---|---|---|---|---|\n";
        for (uint256 i = 0; i < contracts.length; ++i) {
            bytes memory creation = contracts[i].creation;
            bytes32 hash = _codeHash(creation, 1);
            bool everywhere = hash == _codeHash(creation, 10);
            address at = EntryPoints.create2(creation, deploy.SALT());
            assertEq(at, deploy.addressOf(creation));
            string memory first = string.concat(
                "| `", contracts[i].name, "` | `", vm.toString(at), "` | `", vm.toString(hash)
            );
            string memory second = string.concat(
                everywhere ? "` | " : "` with chain id 1 | ",
                vm.toString(at.code.length),
                " | `",
                vm.toString(keccak256(creation)),
                "` |\n"
            );
            text = string.concat(text, first, second);
        }
    }

    /// @dev The hash of the code that stands there on a chain.
    function _codeHash(bytes memory creation, uint256 chainId) private returns (bytes32 hash) {
        uint256 snapshot = vm.snapshotState();
        vm.chainId(chainId);
        hash = EntryPoints.create2(creation, deploy.SALT()).codehash;
        vm.revertToState(snapshot);
    }
}
