using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Tests.Replicas;
using static TorchSharp.torch;

namespace ActorTrain.Bench.Spikes;

/// <param name="Set"><c>tuning</c> or <c>held-out</c>.</param>
/// <param name="Seed">Of weights, order of samples, and disturbances.</param>
/// <param name="RecordsTensors">Whether the norm of each tensor is recorded.</param>
internal sealed record TracedRunOptions(string Name, string Set, ModelOptions Model, Precision Precision, int Batch, double Rate, int Seed,
    bool RecordsTensors)
{
    public const int Lanes = 8;
    public const int Steps = 600;
    public const int WarmupSteps = 30;

    public string Description => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{Model.Family} {Model.Layers} x {Model.Width}, context {Model.ContextLength}, batch {Batch}, rate {Rate}, {Precision}, seed "
            + $"{Seed}");
}

/// <summary>A small model trained on real text by a bare loop, step by step, with a detector's input for each step.</summary>
internal sealed class TracedRun : IDisposable
{
    private readonly TracedRunOptions options;
    private readonly TraceText text;
    private readonly Replica replica;
    private readonly BatchPlan plan;
    private readonly HostBuffer[] state;
    private readonly HostBuffer scratch;
    private readonly List<(double Loss, double Norm, long NonFinite, double[] Tensors)> recorded = [];

    public TracedRun(TracedRunOptions options, TraceText text)
    {
        this.options = options;
        this.text = text;
        var model = options.Model;
        replica = new Replica(new ReplicaOptions
        {
            Model = model,
            Precision = options.Precision,
            Lanes = TracedRunOptions.Lanes,
            Schedule = new LearningRateSchedule(options.Rate, TracedRunOptions.WarmupSteps, TracedRunOptions.Steps),
            Seed = (ulong)options.Seed,
        });
        plan = new BatchPlan((ulong)options.Seed, text.SamplesOf(model.ContextLength), options.Batch, TracedRunOptions.Lanes);
        var bytes = replica.Parameters.Layout.Length * sizeof(float);
        state = [new HostBuffer(bytes), new HostBuffer(bytes), new HostBuffer(bytes)];
        scratch = new HostBuffer(bytes);
    }

    private long TokensPerStep => (long)options.Batch * options.Model.ContextLength;

    /// <summary>Trains to the end, and from each given step on also with every disturbance.</summary>
    public SpikeTraces Record(IReadOnlyList<long> disturbedAt)
    {
        var disturbed = new List<SpikeTrace>();
        for (long step = 0; step < TracedRunOptions.Steps; step++)
        {
            if (disturbedAt.Contains(step))
            {
                var kept = recorded.ToList();
                replica.CopyTo(state[0], state[1], state[2]);
                foreach (var disturbance in Disturbance.All)
                {
                    recorded.Clear();
                    Disturb(disturbance, step);
                    disturbed.Add(Trace(disturbance.Cause, disturbance.Kind, step));
                    replica.CopyFrom(state[0], state[1], state[2]);
                }

                recorded.Clear();
                recorded.AddRange(kept);
            }

            Take(step, null, 0, new Random(0));
        }

        var clean = Trace("clean", CauseKind.Clean, 0);
        return new SpikeTraces(options.Name, options.Set, options.Description, clean,
            [.. disturbed.Select(trace => trace with { Onset = OnsetOf(trace, clean) })]);
    }

    public void Dispose()
    {
        foreach (var buffer in state.Append(scratch))
            buffer.Dispose();
        replica.Dispose();
    }

    // A shock of the rate acts with the update, so the next step is the first to be affected. For a slow one, the onset is where the loss
    // begins to be above that of the undisturbed run, which has the same batches, for ten consecutive steps and by more than two per cent.
    private static long OnsetOf(SpikeTrace trace, SpikeTrace clean)
    {
        const int Row = 10;
        const double Margin = 1.02;
        if (trace.Kind != CauseKind.Slow)
            return trace.Kind != CauseKind.Sharp ? -1 : trace.Cause == "rate_shock" ? trace.From + 1 : trace.From;
        for (var i = 0; i + Row <= trace.Length; i++)
        {
            if (Enumerable.Range(i, Row).All(at => !(trace.Loss[at] <= Margin * clean.Loss[trace.From + at])))
                return trace.From + i;
        }

        return -1;
    }

    private void Disturb(Disturbance disturbance, long from)
    {
        var random = new Random((options.Seed * 1000) + (int)from);
        for (var k = 0; k < disturbance.Recorded && from + k < TracedRunOptions.Steps; k++)
            Take(from + k, disturbance, k, random);
    }

    private void Take(long step, Disturbance? disturbance, int k, Random random)
    {
        var isDisturbed = disturbance is not null && k == 0;
        var planned = plan.Samples(step, SkipList.Empty).Select(sample => text.Sample(sample.Sample, options.Model.ContextLength)).ToList();
        var batch = isDisturbed ? disturbance!.Batch(planned, text, random) : planned;
        if (isDisturbed && disturbance!.Cause == "flipped_weight")
            Flip(replica.Parameters.Weights, random);
        var inOnePiece = isDisturbed ? disturbance!.Targets(BatchOf(batch), random) : null;
        var total = inOnePiece is { } targets ? Gradient(BatchOf(batch), targets) : Gradient(batch);
        if (isDisturbed && disturbance!.Cause == "flipped_gradient")
            Flip(total.Gradient, random);
        var measure = total.Measure(step);
        total.Gradient.CopyTo(scratch);
        recorded.Add((measure.Loss, measure.GradientNorm, NonFinite(), options.RecordsTensors ? TensorNorms(total.Gradient) : []));

        var factor = disturbance?.RateFactor(k) ?? 1;
        replica.Parameters.Weights.CopyTo(scratch);
        replica.Apply(total, measure);
        if (inOnePiece is null)
            replica.ReturnGradient(total.Gradient);
        if (factor != 1)
            Stretch(factor);
    }

    private GradientSum Gradient(IReadOnlyList<long[]> batch)
    {
        var perLane = batch.Count / TracedRunOptions.Lanes;
        return replica.Gradient(
            new LaneBlock(0, TracedRunOptions.Lanes), lane => [BatchOf([.. batch.Skip(lane * perLane).Take(perLane)])], TokensPerStep);
    }

    // With targets of other inputs there are no lanes: the batch is computed in one piece.
    private GradientSum Gradient(TokenBatch batch, long[] targets)
    {
        var (inputs_BT, right_BT) = batch.ToTensors();
        using var wrong_BT = tensor(targets, batch.Sequences, batch.Longest);
        right_BT.Dispose();
        replica.Parameters.ClearGradients(byOverwriting: replica.Model.IsFused);
        using var scope = NewDisposeScope();
        var loss = replica.Model.Loss(inputs_BT, wrong_BT, 1f / TokensPerStep);
        loss.backward();
        inputs_BT.Dispose();
        return new GradientSum(replica.Parameters.Gradients, loss.item<float>());
    }

    private TokenBatch BatchOf(IReadOnlyList<long[]> sequences) =>
        new([.. sequences.SelectMany(static sequence => sequence)], sequences.Count, options.Model.ContextLength);

    // The highest exponent bit of one element of a block's matrix: a number below 2 becomes a huge one.
    private void Flip(Tensor flat, Random random)
    {
        var matrices = replica.Parameters.Layout.Entries.Where(static entry => entry is { Decays: true }
            && entry.Name.StartsWith("blocks.", StringComparison.Ordinal)).ToList();
        var matrix = matrices[random.Next(matrices.Count)];
        flat.CopyTo(scratch);
        scratch.Slice(((matrix.Offset + random.NextInt64(matrix.Count)) * sizeof(float)) + 3, 1)[0] ^= 0x40;
        flat.CopyFrom(scratch);
        replica.Parameters.WeightsChanged();
    }

    private long NonFinite()
    {
        var values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(scratch.Slice(0, (int)scratch.Length));
        long count = 0;
        foreach (var value in values)
            count += float.IsFinite(value) ? 0 : 1;
        return count;
    }

    private double[] TensorNorms(Tensor gradient) => [.. replica.Parameters.Layout.Entries.Select(entry =>
    {
        using var part = gradient.narrow(0, entry.Offset, entry.Count);
        return Rounded(GradientNorm.Of(part), 3);
    })];

    // Repeats the last update with a higher learning rate; `scratch` has the weights before it.
    private void Stretch(double factor)
    {
        var weights = replica.Parameters.Weights;
        using var after = new HostBuffer(scratch.Length);
        weights.CopyTo(after);
        var old = Floats(scratch);
        var now = Floats(after);
        for (var i = 0; i < now.Length; i++)
            now[i] = (float)(old[i] + (factor * ((double)now[i] - old[i])));
        weights.CopyFrom(after);
        replica.Parameters.WeightsChanged();
    }

    private SpikeTrace Trace(string cause, CauseKind kind, long from) => new(
        cause, kind, from, -1,
        [.. recorded.Select(static step => Rounded(step.Loss, 5))],
        [.. recorded.Select(static step => Rounded(step.Norm, 4))],
        recorded.Exists(static step => step.NonFinite > 0) ? [.. recorded.Select(static step => step.NonFinite)] : null,
        options.RecordsTensors ? [.. recorded.Select(static step => step.Tensors)] : null);

    private static Span<float> Floats(HostBuffer buffer) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(buffer.Slice(0, (int)buffer.Length));

    private static double Rounded(double value, int digits) =>
        double.Parse(value.ToString("G" + digits, System.Globalization.CultureInfo.InvariantCulture),
            System.Globalization.CultureInfo.InvariantCulture);
}
