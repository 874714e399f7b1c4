using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models.Optimization;
using Akka.Actor;

namespace ActorTrain.Actors.Reduction;

/// <summary>Sums the gradient of one shard over all lanes, along the canonical lane tree, while other lanes are still computed.</summary>
/// <remarks>After a restart it reports that it knows nothing, and receives all blocks of the round again.</remarks>
public sealed class GradientReducer : TracedActor
{
    private readonly int number;
    private readonly IActorRef run;
    private readonly ShardReduction reduction;

    /// <param name="number">From 0.</param>
    /// <param name="run">Receives its <see cref="ReducerReport"/>s.</param>
    /// <param name="norms">Positions of tensors, to report their norms; null for none.</param>
    public GradientReducer(int number, int lanes, IGradientTransport transport, IActorRef run, TensorNorms? norms = null)
    {
        this.number = number;
        this.run = run;
        reduction = new ShardReduction(transport, number, lanes, norms);
        Receive<AddBlock>(Add);
    }

    protected override void PreStart() => run.Tell(new ReducerStarted(number));

    protected override void PostStop() => reduction.Dispose();

    private void Add(AddBlock add)
    {
        if (reduction.Add(add.Round, add.Block) is { } report)
            run.Tell(report);
    }
}
