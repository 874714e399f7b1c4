using ActorTrain.Host.Cli;
using ActorTrain.Host.Training;

namespace ActorTrain.Host.Commands;

internal static class RewardCommand
{
    public static CliCommand Define() => TrainCommand.Define(
        TrainingStage.RewardModeling, "Train a reward model on preference pairs or rankings, or resume such a run.", """
            The model is that of a run, an imported one, or a checkpoint: base.model names it, usually one that 'actortrain sft'
            trained. A linear layer that gives one number takes the place of its logits, and scores a completion at its last token.
            The data is what 'actortrain prepare --kind pairs' (or 'rankings') wrote with '--tokenizer-from MODEL'. The loss is that of
            Bradley and Terry, with the margins of the pairs; of a ranking, the mean over all its pairs. training.batch counts pairs or
            rankings. Evaluation tells the share of validation pairs whose better completion has the higher score.

            At the end, reward.json in the run has the gain and bias with which the scores of the first reward.reference_samples
            training sequences have mean 0 and standard deviation 1.

            All else is as in pretraining: Ctrl-C, kill -9, the journal, spikes, evaluation, extension, export.

            Examples:
              actortrain prepare --kind pairs --template chatml --tokenizer-from assistant --input pairs.jsonl --output data/pairs
              actortrain reward --set base.model=assistant --set data.path=data/pairs --set run.name=judge
                --set training.steps=200 --set training.learning_rate=1e-5
              actortrain eval judge
            """);
}
