using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos;
using ActorTrain.Models.Storage;

namespace ActorTrain.Bench;

/// <summary>What a benchmark lets happen to a run.</summary>
internal enum BenchFault
{
    None,

    /// <summary>The second trainer fails in the midst of a step.</summary>
    TrainerThrows,

    /// <summary>A bit of a trainer's weights flips.</summary>
    WeightFlips,

    /// <summary>A reducer fails in the midst of a step.</summary>
    ReducerThrows,

    /// <summary>The word that a trainer has computed its lanes gets lost.</summary>
    MessageIsLost,

    /// <summary>The supervisor of the run fails in the midst of a step.</summary>
    SupervisorThrows,
}

/// <summary>Lets a fault happen once, at the next chance after it is told to.</summary>
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
