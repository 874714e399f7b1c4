using ActorTrain.Data.Chats;

namespace ActorTrain.Host.Training;

/// <summary>A kind of training, each with a command of its own.</summary>
/// <param name="Kind">Of the data that it takes.</param>
/// <param name="NeedsBase">Whether it starts with trained weights.</param>
internal sealed record TrainingStage(string Command, DataKind Kind, bool NeedsBase)
{
    public static readonly TrainingStage Pretraining = new("pretrain", DataKind.Text, NeedsBase: false);

    public static readonly TrainingStage FineTuning = new("sft", DataKind.Chat, NeedsBase: true);

    public static readonly TrainingStage Preferring = new("prefer", DataKind.Pairs, NeedsBase: true);

    public static IReadOnlyList<TrainingStage> All { get; } = [Pretraining, FineTuning, Preferring];
}
