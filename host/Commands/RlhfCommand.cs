using ActorTrain.Host.Cli;
using ActorTrain.Host.Training;

namespace ActorTrain.Host.Commands;

internal static class RlhfCommand
{
    public static CliCommand Define() => TrainCommand.Define(
        TrainingStage.Reinforcing, "Train a policy by reinforcement learning on its own answers, or resume such a run.", """
            The policy is the model of a run, an imported one, or a checkpoint: base.model names it, usually one that 'actortrain sft'
            trained. The data is what 'actortrain prepare --kind prompts --tokenizer-from MODEL' wrote. For each step, the policy answers
            training.batch prompts rollouts.samples times; scoring.* scores the answers: a formula, a reward model, an external judge
            over HTTP, or several of them; advantages.estimator makes advantages of the rewards (GRPO, Dr. GRPO, RLOO, REINFORCE++, or
            PPO by a critic: gae); policy.* is the loss. The base model is the reference of policy.kl_coefficient and
            advantages.kl_coefficient.

            Samplers, scorers and the reference are actors: kill any of them, or the process, and the weights end the same. Each
            answer is a function of the weights, the seed and its place, whoever samples it; 'actortrain rollouts' shows them and
            'actortrain replay' samples one again.

            All else is as in pretraining: Ctrl-C, kill -9, the journal, spikes, extension, export.

            Examples:
              actortrain prepare --kind prompts --template chatml --tokenizer-from assistant --input prompts.jsonl --output data/prompts
              actortrain rlhf --set base.model=assistant --set data.path=data/prompts --set run.name=policy
                --set training.steps=200 --set training.batch=16 --set training.learning_rate=1e-5
                --set scoring.function=exact --set policy.kl_coefficient=0.01
            """);
}
