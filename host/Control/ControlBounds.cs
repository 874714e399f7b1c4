using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Actors.Training;
using ActorTrain.Host.Configuration;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Host.Control;

/// <summary>The bounds of what may be requested, in whatever state the run is: on the command line and by
/// <see cref="ControlApi"/>.</summary>
internal static class ControlBounds
{
    /// <summary>A step to roll back to.</summary>
    public static readonly SettingKind Step = new Whole(0, long.MaxValue);

    /// <summary>Batches to skip after a rollback.</summary>
    public static readonly SettingKind SkippedBatches = new Whole(0);

    /// <summary>Batches to skip where nothing else is requested.</summary>
    public static readonly SettingKind Batches = new Whole(1);

    /// <summary>What to multiply the learning rate by.</summary>
    public static readonly SettingKind Factor = new Number(0, Above: true);

    /// <summary>Steps that an extended run has in all.</summary>
    public static readonly SettingKind Steps = new Whole(1);

    /// <summary>The number of one trainer.</summary>
    public static readonly SettingKind Trainer = new Whole(0, TrainersOptions.Most);

    /// <summary>How many trainers.</summary>
    public static readonly SettingKind Trainers = new Whole(1, TrainersOptions.Most);

    /// <summary>How many workers sample rollouts.</summary>
    public static readonly SettingKind Samplers = new Whole(1, RolloutOptions.MostWorkers);

    /// <summary>How many processes of this machine host trainers.</summary>
    public static readonly SettingKind Nodes = new Whole(1, NodeProtocol.MostNodes);

    /// <summary>Steps to record.</summary>
    public static readonly SettingKind TracedSteps = new Whole(1, MessageTrace.MostSteps);

    /// <summary>What is out of bounds in a body, in a sentence; null where nothing is.</summary>
    public static string? Refusal(object body) => body switch
    {
        RollbackBody rollback => Refusal("to", rollback.To, Step) ?? Refusal("skip", rollback.Skip, SkippedBatches),
        SkipBody skip => Refusal("batches", skip.Batches, Batches),
        LearningRateBody rate => Refusal("factor", rate.Factor, Factor),
        ExtendBody extend => Refusal("steps", extend.Steps, Steps),
        TrainerBody trainer => Refusal("trainer", trainer.Trainer, Trainer),
        ScaleBody scale => (scale.Trainers is { } trainers ? Refusal("trainers", trainers, Trainers) : null)
            ?? (scale.Rollouts is { } samplers ? Refusal("rollouts", samplers, Samplers) : null),
        TraceBody trace => Refusal("steps", trace.Steps, TracedSteps),
        _ => null,
    };

    private static string? Refusal(string member, IFormattable value, SettingKind kind)
    {
        var text = value.ToString(null, CultureInfo.InvariantCulture);
        return kind.TryRead(text, out _) ? null : $"{member} is {text}, but it must be {kind.ExpectationOf(text)}.";
    }
}
