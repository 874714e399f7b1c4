using ActorTrain.Models.Options;

namespace ActorTrain.Models.Evaluation;

[OptionGroup(MayChangeBecause = "they only affect when the model is evaluated")]
public sealed record EvaluationOptions : IOptions
{
    [Option("steps between evaluations; 0 evaluates only at the end")]
    public int Every { get; init; } = 100;

    [Option("batches per evaluation; 0 uses the whole validation split (bits per byte always use its bytes per token)")]
    public int Batches { get; init; }
}
