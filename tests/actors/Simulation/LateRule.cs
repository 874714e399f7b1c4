using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Finds a high loss only four steps later, when its updates are long applied.</summary>
internal sealed class LateRule : SpikeRule
{
    public override string Name => "late";

    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        var onset = memory.IsEmpty ? -1 : memory[0];
        if (onset < 0 && signals.Loss > 2)
            onset = signals.Step;
        var finding = onset >= 0 && signals.Step >= onset + 4
            ? new Finding(Name, "loss", signals.Loss, 2, (long)onset, SpikeAnswer.RollBack, $"the loss rose at step {onset}")
            : null;
        return new Opinion(finding, [onset], [onset]);
    }
}
