using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.PostTraining;

/// <summary>What the samplers of a run share.</summary>
/// <param name="Model">The policy alone.</param>
/// <param name="Seed">Of the run.</param>
/// <param name="EndToken">Ends a completion.</param>
/// <param name="Pieces">Only smaller ids are sampled.</param>
public sealed record GeneratorOptions(
    ModelOptions Model, Precision Precision, RolloutOptions Rollouts, ulong Seed, int EndToken, int Pieces);

/// <summary>Samples rollouts with a copy of the policy's weights.</summary>
public sealed class GeneratorDevice : IWorkerDevice
{
    /// <summary>After so many tokens of each, rollouts that are done are passed on: a check of all weights may take as long as a
    /// token.</summary>
    public const int TokensPerCheck = 16;

    private readonly InstalledWeights weights;
    private readonly Transformer model;
    private readonly RolloutGenerator generator;
    private readonly UnverifiedReports unverified;
    private readonly Dictionary<(long Position, int Sample), Queue<(long Number, int Attempt)>> asked = [];
    private long tokens;

    public GeneratorDevice(GeneratorOptions options, IWeightSource source)
    {
        ArgumentNullException.ThrowIfNull(options);
        weights = new InstalledWeights(options.Model, source);
        unverified = new UnverifiedReports(weights.Verify);
        model = new Transformer(options.Model, weights.Parameters, options.Precision);
        generator = new RolloutGenerator(model, options.Rollouts, options.Seed, options.EndToken, options.Pieces);
    }

    public bool HasWork => !generator.IsEmpty;

    public FlatParameters Parameters => weights.Parameters;

    public string? Begin(WorkerCommand order)
    {
        var generate = (GenerateRollouts)order;

        // What is cached of other weights is gone by then: nothing is under way.
        if (weights.Install(generate.Weights, HasWork) is { } refusal)
            return refusal;
        foreach (var sample in generate.Samples)
        {
            if (!asked.TryGetValue((generate.Position, sample), out var attempts))
                asked.Add((generate.Position, sample), attempts = []);
            attempts.Enqueue((generate.Number, generate.Attempt));
        }

        generator.Add(generate.Position, generate.Prompt, generate.Samples);
        return null;
    }

    public IReadOnlyList<WorkerReport> Advance()
    {
        unverified.Add(Sample().Select(Report));
        return ++tokens % TokensPerCheck == 0 || !HasWork ? unverified.Take() : [];
    }

    public void GiveUp()
    {
        generator.Clear();
        asked.Clear();
        unverified.Clear();
    }

    public void Dispose()
    {
        generator.Dispose();
        model.Dispose();
        weights.Dispose();
    }

    private IReadOnlyList<GeneratedRollout> Sample()
    {
        try
        {
            return generator.Advance();
        }
        catch (InvalidOperationException)
        {
            // Weights of which a bit was flipped may have no distribution.
            weights.Verify();
            throw;
        }
    }

    private RolloutDone Report(GeneratedRollout done)
    {
        var attempts = asked[(done.Position, done.Sample)];
        var (number, attempt) = attempts.Dequeue();
        if (attempts.Count == 0)
            asked.Remove((done.Position, done.Sample));
        return new RolloutDone(default, number, done.Position, done.Sample, attempt, done.Rollout, weights.Present!.Hash);
    }
}
