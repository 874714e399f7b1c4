using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos;
using ActorTrain.Models.Storage;

namespace ActorTrain.Bench;

internal enum BenchFault
{
    None,

    TrainerThrows,

    WeightFlips,

    ReducerThrows,

    /// <summary>A trainer's report of its lanes is lost.</summary>
    MessageIsLost,

    SupervisorThrows,
}

/// <summary>Applies an armed fault once, at the next opportunity.</summary>
internal sealed class ArmedFaults : IFaultInjector
{
    private int armed;

    public void Arm(BenchFault fault) => Volatile.Write(ref armed, (int)fault);

    public Fault Choose(string actor, object message) => message switch
    {
        ComputeLanes when actor.StartsWith("trainer-1", StringComparison.Ordinal) && Strikes(BenchFault.TrainerThrows) => Fault.ThrowAfter,
        AddBlock when Strikes(BenchFault.ReducerThrows) => Fault.Throw,
        BlockComputed when Strikes(BenchFault.MessageIsLost) => Fault.Drop,
        BlockComputed when Strikes(BenchFault.SupervisorThrows) => Fault.Throw,
        _ => Fault.None,
    };

    public void Touch(string actor, long atStep, FlipTarget memory)
    {
        if (memory.Place == FlatPlace.Weights && Strikes(BenchFault.WeightFlips))
            memory.Flip(memory.Bits / 2);
    }

    private bool Strikes(BenchFault fault) => Interlocked.CompareExchange(ref armed, (int)BenchFault.None, (int)fault) == (int)fault;
}
