using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

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

    /// <summary>The stage of a run, by its data; if that is gone or the run was imported, by whether it keeps a chat template.</summary>
    public static TrainingStage Of(RunDirectory run)
    {
        try
        {
            using var data = TokenStore.Open(RunFile.Read(run.ConfigurationFile, []).Data.Path);
            if (All.FirstOrDefault(stage => stage.Kind == data.Kind) is { } stage)
                return stage;
        }
        catch (UserErrorException)
        {
            // The command is for a sentence about something else.
        }

        return File.Exists(Path.Combine(run.TokenizerDirectory, ChatTemplate.FileName)) ? FineTuning : Pretraining;
    }
}
