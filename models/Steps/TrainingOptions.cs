using System.Numerics;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Options;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Models.Steps;

public sealed record TrainingOptions : IOptions
{
    [Option("optimizer steps; also the length of the learning-rate schedule; 'actortrain pretrain --extend-to N' extends a run",
        Min = 1)]
    public int Steps { get; init; } = 1000;

    [Option("sequences per step", Min = 1)]
    public int Batch { get; init; } = 32;

    [Option("lanes: equal parts of the batch with a fixed position in the reduction; a power of two", Min = 1, Max = 1 << 16)]
    public int Lanes { get; init; } = 8;

    [Option("sequences per forward pass; 0: one whole lane, and of short lanes several together", Derived = "{Batch} / {Lanes}")]
    public int MicroBatch { get; init; }

    [Option("peak learning rate, reached after the warm-up", Above = 0)]
    public double LearningRate { get; init; } = 6e-4;

    [Option("final learning rate of the cosine, as a fraction of the peak", Max = 1)]
    public double MinLearningRateRatio { get; init; } = 0.1;

    [Option("steps of linear warm-up; unchanged when a run is extended", Derived = "{Steps} / 10, at most 100")]
    public int WarmupSteps { get; init; }

    [OptionGroup(Key = "")]
    public OptimizerOptions Optimizer { get; init; } = new();

    [Option("maximum global gradient norm; 0 disables clipping")]
    public double Clip { get; init; } = 1;

    [Option("factor applied to the gradient of the input embedding (GLM-130B: 0.1); 1 disables it",
        Key = "model.embedding_gradient_shrink", Max = 1)]
    public double EmbeddingGradientShrink { get; init; } = 1;

    [Option("seed of the initial weights and of the sample order")]
    public long Seed { get; init; } = 1;

    [Option("precision of matrix multiplications; auto takes bfloat16 if they are over 10 % faster in it on the machine where the run is "
        + "started, else float32",
        Null = "auto")]
    public Precision? Precision { get; init; } = Models.Precision.Float32;

    [OptionGroup(Key = "")]
    public ComputeOptions Compute { get; init; } = new();

    /// <summary>The precision of a run that has begun.</summary>
    public Precision ChosenPrecision => Precision ?? throw new InvariantException("The precision is still to be chosen.");

    /// <summary>How many lanes are computed in one pass on the fused kernels: 1 where a lane has several micro-batches.</summary>
    public int LanesAtOnce(ModelOptions model) =>
        MicroBatch == Batch / Lanes ? LaneTrainer.AtOnce(model, ChosenPrecision, Lanes, MicroBatch) : 1;

    public IEnumerable<OptionProblem> Validate()
    {
        if (!BitOperations.IsPow2(Lanes))
        {
            var below = (int)BitOperations.RoundUpToPowerOf2((uint)Lanes) / 2;
            yield return new($"{nameof(Lanes):key} is {Lanes}, but it must be a power of two; the nearest are {below} and {2 * below}.");
        }

        var lane = Batch / Lanes;
        if (Batch % Lanes != 0)
            yield return new($"{nameof(Batch):key} {Batch} is not a multiple of {nameof(Lanes):key} {Lanes}; choose a multiple.");
        else if (MicroBatch == 0 || lane % MicroBatch != 0)
        {
            yield return new(
                $"{nameof(MicroBatch):key} {MicroBatch} does not divide the {lane} sequences of a lane "
                + $"({nameof(Batch):key} {Batch} / {nameof(Lanes):key} {Lanes}); choose a divisor.");
        }

        if (WarmupSteps >= Steps)
            yield return new($"{nameof(WarmupSteps):key} {WarmupSteps} is not below {nameof(Steps):key} {Steps}; lower it.");
    }

    IOptions IOptions.Derive(Predicate<string> isGiven) => this with
    {
        MicroBatch = MicroBatch > 0 ? MicroBatch : Batch / Lanes,
        WarmupSteps = isGiven(nameof(WarmupSteps)) ? WarmupSteps : Math.Min(100, Steps / 10),
    };
}
