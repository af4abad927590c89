//! An EVM that runs at its own speed and stops at the opcodes that the tracer watches.
//!
//! revm's inspector asks before and after every instruction. Here, each kind of frame has an instruction table of its
//! own, in which the watched opcodes do nothing but stop the loop; then the tracer looks, the real instruction runs, and
//! the loop goes on. Frames of which nothing is watched run as they would without a tracer. Beginnings and ends of frames
//! reach the tracer as revm's inspector hands them out.

use revm::{
    Database, Inspector, MainnetEvm,
    bytecode::opcode,
    context::{
        ContextSetters, ContextTr, FrameStack, JournalEntry, JournalTr, TxEnv,
        result::{EVMError, ExecutionResult, HaltReason},
    },
    handler::{
        EthFrame, EthPrecompiles, EvmTr, FrameInitOrResult, FrameResult, ItemOrResult,
        MainnetContext, MainnetHandler,
        evm::{ContextDbError, FrameInitResult, FrameTr},
        instructions::EthInstructions,
    },
    inspector::{InspectorEvmTr, InspectorHandler, JournalExt, handler::frame_end},
    interpreter::{
        InstructionContext, InstructionResult, Interpreter, InterpreterAction,
        instructions::{GasTable, Instruction, InstructionTable},
        interpreter::EthInterpreter,
        interpreter_types::{Jumps, LoopControl},
    },
    state::EvmState,
};

use super::{
    Tracer,
    table::{self, Class, Table},
};

/// What a watched opcode's stand-in returns. Only instructions of EOF code did, which no fork has.
const WATCHED: InstructionResult = InstructionResult::InvalidExtDelegateCallTarget;

/// Runs a transaction under the tracer. The state is what it changed, whether or not the transaction was valid.
pub(crate) fn run<DB: Database>(
    context: MainnetContext<DB>,
    tracer: &mut Tracer,
    tx: TxEnv,
) -> Result<(ExecutionResult, EvmState), EVMError<DB::Error>> {
    use revm::MainBuilder;
    let mut evm =
        Traced { inner: context.build_mainnet_with_inspector(tracer), watches: Vec::new() };
    evm.inner.ctx.set_tx(tx);
    let ran: Result<ExecutionResult<HaltReason>, EVMError<DB::Error>> =
        MainnetHandler::<_, _, EthFrame<EthInterpreter>>::default().inspect_run(&mut evm);
    let state = evm.inner.ctx.journal_mut().finalize();
    Ok((ran?, state))
}

type Instructions<CTX> = EthInstructions<EthInterpreter, CTX>;

/// Instructions of one kind of frame.
struct Watch<CTX> {
    of: &'static Table,
    instructions: InstructionTable<EthInterpreter, CTX>,
    gas: GasTable,
}

struct Traced<'a, DB: Database> {
    inner: MainnetEvm<MainnetContext<DB>, &'a mut Tracer>,
    watches: Vec<Watch<MainnetContext<DB>>>,
}

impl<DB: Database> EvmTr for Traced<'_, DB> {
    type Context = MainnetContext<DB>;
    type Instructions = Instructions<Self::Context>;
    type Precompiles = EthPrecompiles;
    type Frame = EthFrame<EthInterpreter>;

    fn all(
        &self,
    ) -> (&Self::Context, &Self::Instructions, &Self::Precompiles, &FrameStack<Self::Frame>) {
        self.inner.all()
    }

    fn all_mut(
        &mut self,
    ) -> (
        &mut Self::Context,
        &mut Self::Instructions,
        &mut Self::Precompiles,
        &mut FrameStack<Self::Frame>,
    ) {
        self.inner.all_mut()
    }

    fn frame_init(
        &mut self,
        input: <Self::Frame as FrameTr>::FrameInit,
    ) -> Result<FrameInitResult<'_, Self::Frame>, ContextDbError<Self::Context>> {
        self.inner.frame_init(input)
    }

    fn frame_run(
        &mut self,
    ) -> Result<FrameInitOrResult<Self::Frame>, ContextDbError<Self::Context>> {
        self.inner.frame_run()
    }

    fn frame_return_result(
        &mut self,
        result: FrameResult,
    ) -> Result<Option<FrameResult>, ContextDbError<Self::Context>> {
        self.inner.frame_return_result(result)
    }
}

impl<'a, DB: Database> InspectorEvmTr for Traced<'a, DB> {
    type Inspector = &'a mut Tracer;

    fn all_inspector(
        &self,
    ) -> (
        &Self::Context,
        &Self::Instructions,
        &Self::Precompiles,
        &FrameStack<Self::Frame>,
        &Self::Inspector,
    ) {
        self.inner.all_inspector()
    }

    fn all_mut_inspector(
        &mut self,
    ) -> (
        &mut Self::Context,
        &mut Self::Instructions,
        &mut Self::Precompiles,
        &mut FrameStack<Self::Frame>,
        &mut Self::Inspector,
    ) {
        self.inner.all_mut_inspector()
    }

    fn inspect_frame_run(
        &mut self,
    ) -> Result<FrameInitOrResult<Self::Frame>, ContextDbError<Self::Context>> {
        let watched = self.inner.inspector.table;
        let mut result = if std::ptr::eq(watched, &table::PLAIN) {
            self.inner.frame_run()?
        } else {
            let watch = watch_of(&mut self.watches, watched, &self.inner.instruction);
            let inner = &mut self.inner;
            let frame = inner.frame_stack.get();
            let interpreter = &mut frame.interpreter;
            let action =
                interpret(interpreter, &mut inner.ctx, inner.inspector, &inner.instruction, watch);
            let next: Result<_, ContextDbError<Self::Context>> =
                frame.process_next_action(&mut inner.ctx, action);
            next?
        };
        if let ItemOrResult::Result(ended) = &mut result {
            let frame = self.inner.frame_stack.get();
            frame_end(&mut self.inner.ctx, &mut self.inner.inspector, &frame.input, ended);
            frame.set_finished(true);
        }
        Ok(result)
    }
}

/// The instructions of a kind of frame, made when they are needed first.
fn watch_of<'w, DB: Database>(
    watches: &'w mut Vec<Watch<MainnetContext<DB>>>,
    of: &'static Table,
    base: &Instructions<MainnetContext<DB>>,
) -> &'w Watch<MainnetContext<DB>> {
    let known = watches.iter().position(|watch| std::ptr::eq(watch.of, of));
    let index = known.unwrap_or_else(|| {
        let (mut instructions, mut gas) = (*base.instruction_table(), *base.gas_table());
        for (opcode, class) in of.iter().enumerate() {
            if *class != Class::Plain {
                instructions[opcode] = Instruction::new(stop_here);
                // Charged when the real instruction runs.
                gas[opcode] = 0;
            }
        }
        watches.push(Watch { of, instructions, gas });
        watches.len() - 1
    });
    &watches[index]
}

fn stop_here<CTX>(_: InstructionContext<'_, CTX, EthInterpreter>) -> Result<(), InstructionResult> {
    Err(WATCHED)
}

/// Runs the frame to its end or its next call.
fn interpret<DB: Database>(
    interpreter: &mut Interpreter<EthInterpreter>,
    context: &mut MainnetContext<DB>,
    tracer: &mut Tracer,
    real: &Instructions<MainnetContext<DB>>,
    watch: &Watch<MainnetContext<DB>>,
) -> InterpreterAction {
    loop {
        let Err(end) = interpreter.step(&watch.instructions, &watch.gas, context) else { continue };
        if end == WATCHED && interpreter.bytecode.action().is_none() {
            interpreter.bytecode.relative_jump(-1);
            if step_watched(interpreter, context, tracer, real) {
                break;
            }
            continue;
        }
        if interpreter.bytecode.action().is_none() {
            interpreter.halt(end);
        }
        break;
    }
    interpreter.take_next_action()
}

/// Lets the tracer look at one instruction before and after it runs. Tells whether the frame stops here.
#[inline(never)]
fn step_watched<DB: Database>(
    interpreter: &mut Interpreter<EthInterpreter>,
    context: &mut MainnetContext<DB>,
    tracer: &mut Tracer,
    real: &Instructions<MainnetContext<DB>>,
) -> bool {
    let destroys = interpreter.bytecode.opcode() == opcode::SELFDESTRUCT;
    tracer.step(interpreter, context);
    if interpreter.bytecode.is_end() {
        return true;
    }
    let entries = context.journal().journal().len();
    let logs = context.journal().logs().len();
    let ran = interpreter.step(real.instruction_table(), real.gas_table(), context);
    if let Err(end) = ran
        && interpreter.bytecode.action().is_none()
    {
        interpreter.halt(end);
    }
    if context.journal().logs().len() != logs {
        let new: Vec<_> = context.journal().logs()[logs..].to_vec();
        for log in new {
            tracer.log(context, log);
        }
    }
    if destroys && ran == Err(InstructionResult::SelfDestruct) {
        destroyed(context, tracer, entries);
    }
    tracer.step_end(interpreter, context);
    interpreter.bytecode.is_end()
}

/// Tells the tracer what a SELFDESTRUCT moved, if anything.
fn destroyed<DB: Database>(context: &MainnetContext<DB>, tracer: &mut Tracer, entries: usize) {
    let moved = match context.journal().journal().get(entries..).and_then(|new| new.last()) {
        Some(JournalEntry::AccountDestroyed { address, target, had_balance, .. }) => {
            (*address, *target, *had_balance)
        }
        Some(JournalEntry::BalanceTransfer { from, to, balance, .. }) => (*from, *to, *balance),
        _ => return,
    };
    let inspector: &mut dyn Inspector<MainnetContext<DB>, EthInterpreter> = tracer;
    inspector.selfdestruct(moved.0, moved.1, moved.2);
}
