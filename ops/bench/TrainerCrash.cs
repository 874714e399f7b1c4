using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Training;

namespace ActorTrain.Bench;

/// <summary>Lets the second trainer fail in the midst of a step, when it is told to.</summary>
internal sealed class TrainerCrash : IFaultInjector
{
    private int armed;

    public void Arm() => Volatile.Write(ref armed, 1);

    public Fault Choose(string actor, object message) =>
        actor.StartsWith("trainer-1", StringComparison.Ordinal) && message is ComputeLanes && Interlocked.Exchange(ref armed, 0) == 1 ? Fault.ThrowAfter : Fault.None;

    public void Hang(string actor)
    {
    }
}
