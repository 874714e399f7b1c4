using ActorTrain.Models.Options;

namespace ActorTrain.Models.Evaluation;

/// <summary>When and how far to evaluate on the validation part.</summary>
[OptionGroup(MayChangeBecause = "it only says when the model is evaluated")]
public sealed record EvaluationOptions : IOptions
{
    [Option("steps from one evaluation to the next; 0 evaluates only at the end")]
    public int Every { get; init; } = 100;

    [Option("batches per evaluation; 0 takes the whole validation part (bits per byte always use its bytes per token)")]
    public int Batches { get; init; }
}
