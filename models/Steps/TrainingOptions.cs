using System.Numerics;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Options;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Models.Steps;

public sealed record TrainingOptions : IOptions
{
    [Option("optimizer steps; also the length of the learning-rate schedule; 'actortrain pretrain --extend-to N' makes a run longer",
        Min = 1)]
    public int Steps { get; init; } = 1000;

    [Option("sequences per step", Min = 1)]
    public int Batch { get; init; } = 32;

    [Option("equal parts of the batch, a power of two", Min = 1, Max = 1 << 16)]
    public int Lanes { get; init; } = 8;

    [Option("sequences per forward pass; 0 takes a whole lane", Derived = "{Batch} / {Lanes}")]
    public int MicroBatch { get; init; }

    [Option("learning rate after the warm-up", Above = 0)]
    public double LearningRate { get; init; } = 6e-4;

    [Option("part of the learning rate at which the cosine ends", Max = 1)]
    public double MinLearningRateRatio { get; init; } = 0.1;

    [Option("steps of linear warm-up; a run keeps its own when it is extended", Derived = "{Steps} / 10, at most 100")]
    public int WarmupSteps { get; init; }

    [OptionGroup(Key = "")]
    public OptimizerOptions Optimizer { get; init; } = new();

    [Option("largest global norm of the gradient; 0 does not clip")]
    public double Clip { get; init; } = 1;

    [Option("what the gradient of the input embedding is multiplied by (GLM-130B: 0.1); 1 leaves it",
        Key = "model.embedding_gradient_shrink", Max = 1)]
    public double EmbeddingGradientShrink { get; init; } = 1;

    [Option("seed of initial weights and of the order of samples")]
    public long Seed { get; init; } = 1;

    [Option("precision of matrix products")]
    public Precision Precision { get; init; } = Precision.Float32;

    [OptionGroup(Key = "")]
    public ComputeOptions Compute { get; init; } = new();

    public IEnumerable<OptionProblem> Validate()
    {
        if (!BitOperations.IsPow2(Lanes))
        {
            var below = (int)BitOperations.RoundUpToPowerOf2((uint)Lanes) / 2;
            yield return new($"{nameof(Lanes):key} is {Lanes}, but it must be a power of two; the nearest are {below} and {2 * below}.");
        }

        var lane = Batch / Lanes;
        if (Batch % Lanes != 0)
            yield return new($"{nameof(Batch):key} {Batch} is not a multiple of {nameof(Lanes):key} {Lanes}; make it one.");
        else if (MicroBatch == 0 || lane % MicroBatch != 0)
        {
            yield return new(
                $"{nameof(MicroBatch):key} {MicroBatch} does not divide the {lane} sequences of a lane "
                + $"({nameof(Batch):key} {Batch} / {nameof(Lanes):key} {Lanes}); make it a divisor.");
        }

        if (WarmupSteps >= Steps)
            yield return new($"{nameof(WarmupSteps):key} {WarmupSteps} is not below {nameof(Steps):key} {Steps}; make it smaller.");
    }

    IOptions IOptions.Derive(Predicate<string> isGiven) => this with
    {
        MicroBatch = MicroBatch > 0 ? MicroBatch : Batch / Lanes,
        WarmupSteps = isGiven(nameof(WarmupSteps)) ? WarmupSteps : Math.Min(100, Steps / 10),
    };
}
