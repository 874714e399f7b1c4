using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Computes how likely the base model finds the tokens of rollouts, at the temperature of sampling.</summary>
public sealed class ReferenceDevice : IWorkerDevice
{
    private readonly Queue<JudgeRollouts> orders = [];
    private readonly FlatParameters parameters;
    private readonly Transformer model;
    private readonly FlatChecksum checksum;
    private readonly UnverifiedReports unverified;
    private readonly HeadForm form;
    private readonly int microBatch;

    /// <param name="microBatch">Rollouts of a pass.</param>
    /// <exception cref="UserErrorException">The weights cannot be read.</exception>
    public ReferenceDevice(ModelOptions shape, Precision precision, BaseWeights weights, double temperature, int microBatch)
    {
        ArgumentNullException.ThrowIfNull(weights);
        (this.microBatch, form) = (microBatch, new HeadForm { Temperature = (float)temperature });
        parameters = new FlatParameters(ModelLayout.Of(shape));
        using (var read = weights.Read(parameters.Layout))
            parameters.Weights.CopyFrom(read);
        parameters.WeightsChanged();
        model = new Transformer(shape, parameters, precision);
        checksum = FlatChecksum.Of(parameters.Weights);
        unverified = new UnverifiedReports(Verify);
    }

    public bool HasWork => orders.Count > 0;

    public FlatParameters Parameters => parameters;

    public string? Begin(WorkerCommand order)
    {
        orders.Enqueue((JudgeRollouts)order);
        return null;
    }

    public IReadOnlyList<WorkerReport> Advance()
    {
        var order = orders.Dequeue();
        List<EquatableArray<float>> found = [];
        foreach (var part in order.Rollouts.Chunk(microBatch))
        {
            var batch = CompletionRows.Of(part.Select(rollout => (order.Prompt, rollout.Ids)));
            var losses = SequenceScores.LossesOf(model, batch, form);
            for (var sequence = 0; sequence < part.Length; sequence++)
            {
                var end = batch.RowsOf(sequence).End;
                found.Add([.. losses[(end - part[sequence].Ids.Count)..end].Select(static loss => -loss)]);
            }
        }

        unverified.Add([new ReferencesScored(default, order.Number, order.Position, order.Attempt, [.. found])]);
        return HasWork ? [] : unverified.Take();
    }

    public void GiveUp()
    {
        orders.Clear();
        unverified.Clear();
    }

    public void Dispose()
    {
        model.Dispose();
        parameters.Dispose();
    }

    private void Verify()
    {
        checksum.Verify(parameters.Weights, FlatPlace.Weights);
        parameters.VerifyCopies();
    }
}
