using ActorTrain.Host.Configuration;
using ActorTrain.Models;

namespace ActorTrain.Host.Tests;

public sealed class ConfigurationErrorTests
{
    private const string Data = "data:\n  path: d\n";

    [Theory]
    [InlineData("training:\n  stpes: 5\n", "run.yaml:4: there is no key 'training.stpes'; did you mean 'training.steps'?")]
    [InlineData("trainign:\n  steps: 5\n", "run.yaml:3: there is no section 'trainign'; did you mean 'training'?")]
    [InlineData("steps: 5\n", "run.yaml:3: 'steps' | 'training:'")]
    [InlineData("zebra:\n  a: 1\n",
        "run.yaml:3: there is no section 'zebra'; the sections are run, model, base, data, training, preference, reward, "
        + "rollouts, scoring, advantages, policy, critic, trainers, nodes, cluster, reducers, parallel, spikes, audit, evaluation, "
        + "checkpoints, journal.")]
    [InlineData("model:\n  steps: 5\n", "run.yaml:4: there is no key 'model.steps'; did you mean 'training.steps'?")]
    [InlineData("model:\n  qqqqqqqqqq: 5\n", "run.yaml:4: there is no key 'model.qqqqqqqqqq'; 'actortrain help config' lists all keys.")]
    [InlineData("training:\n\n  steps: 2147483648\n",
        "run.yaml:5: training.steps is '2147483648', but it must be a whole number from 1 to 2147483647.")]
    [InlineData("training:\n\n  learning_rate: 1e999\n",
        "run.yaml:5: training.learning_rate is '1e999', but it must be a number above 0 and at most 1.8E+308.")]
    [InlineData("training:\n\n  steps: many\n", "run.yaml:5: training.steps is 'many', but it must be a whole number of at least 1.")]
    [InlineData("training:\n  steps: 0\n", "run.yaml:4: training.steps is '0', but it must be a whole number of at least 1.")]
    [InlineData("training:\n  steps: 1e3\n", "run.yaml:4: training.steps is '1e3', but it must be a whole number of at least 1.")]
    [InlineData("training:\n  steps: 99999999999\n",
        "run.yaml:4: training.steps is '99999999999', but it must be a whole number from 1 to 2147483647.")]
    [InlineData("training:\n  learning_rate: 0\n", "run.yaml:4: training.learning_rate is '0', but it must be a number above 0.")]
    [InlineData("training:\n  learning_rate: nan\n", "run.yaml:4: training.learning_rate is 'nan', but it must be a number above 0.")]
    [InlineData("training:\n  beta1: 1\n", "run.yaml:4: training.beta1 is '1', but it must be a number of at least 0 and below 1.")]
    [InlineData("training:\n  precision: bflot16\n",
        "run.yaml:4: training.precision is 'bflot16', but it must be auto, float32 or bfloat16; did you mean 'bfloat16'?")]
    [InlineData("training:\n  device: cdua\n",
        "run.yaml:4: training.device is 'cdua', but it must be cpu, cuda or cuda:N; did you mean 'cuda'?")]
    [InlineData("model:\n  tie_embeddings: yes\n", "run.yaml:4: model.tie_embeddings is 'yes', but it must be true or false.")]
    [InlineData("model:\n  family: lama\n", "run.yaml:4: model.family is 'lama', but it must be gpt2 or llama; did you mean 'llama'?")]
    [InlineData("run:\n  name: ../x\n",
        "run.yaml:4: run.name is '../x', but it must be a name of letters, digits, '.', '-' and '_' that starts with a letter or digit.")]
    [InlineData("training:\n  batch: 12\n", "run.yaml:4: training.batch 12 is not a multiple of training.lanes 8")]
    [InlineData("training:\n  lanes: 6\n", "run.yaml:4: training.lanes is 6, but it must be a power of two; the nearest are 4 and 8.")]
    [InlineData("training:\n  micro_batch: 3\n",
        "run.yaml:4: training.micro_batch 3 does not divide the 4 sequences of a lane (training.batch 32 / training.lanes 8)")]
    [InlineData("training:\n  steps: 10\n  warmup_steps: 10\n", "run.yaml:5: training.warmup_steps 10 is not below training.steps 10")]
    [InlineData("model:\n  width: 100\n  heads: 3\n", "run.yaml:4: model.width 100 is not a multiple of model.heads 3")]
    [InlineData("model:\n  rope_scaling: linear\n  rope_factor: 2\n",
        "run.yaml:4: model.rope_scaling is linear, but GPT-2 has no rotary positions; omit it or choose family llama.")]
    [InlineData("model:\n  family: llama\n  rope_scaling: dynamic\n",
        "run.yaml:5: model.rope_scaling is 'dynamic', but it must be none, linear, llama3 or yarn")]
    [InlineData("model:\n  family: llama\n  rope_factor: 2\n",
        "run.yaml:5: model.rope_factor is 2, but model.rope_scaling is none, which does not use it; omit it or change model.rope_scaling.")]
    [InlineData("model:\n  family: llama\n  rope_scaling: linear\n  rope_factor: 2\n  rope_truncate: true\n",
        "run.yaml:7: model.rope_truncate is true, but model.rope_scaling is linear, which does not use it")]
    [InlineData("model:\n  rope_truncate: yes\n", "run.yaml:4: model.rope_truncate is 'yes', but it must be auto, true or false.")]
    [InlineData("model:\n  family: llama\n  rope_scaling: linear\n",
        "run.yaml:5: model.rope_scaling is linear, which needs a factor; set model.rope_factor")]
    [InlineData("model:\n  family: llama\n  rope_scaling: linear\n  rope_factor: 0.5\n",
        "run.yaml:6: model.rope_factor is '0.5', but it must be none or a number of at least 1.")]
    [InlineData("model:\n  family: llama\n  rope_scaling: yarn\n  rope_factor: 4\n",
        "run.yaml:5: model.rope_scaling is yarn, which depends on the context before it was extended; set model.rope_original_context")]
    [InlineData("model:\n  family: llama\n  rope_scaling: llama3\n  rope_factor: 4\n  rope_original_context: 64\n"
        + "  rope_low_frequency_factor: 4\n",
        "run.yaml:8: model.rope_high_frequency_factor 4 is not above model.rope_low_frequency_factor 4; raise it.")]
    [InlineData("model:\n  family: llama\n  rope_scaling: yarn\n  rope_factor: 4\n  rope_original_context: 64\n  rope_beta_slow: 40\n",
        "run.yaml:8: model.rope_beta_fast 32 is below model.rope_beta_slow 40; raise it.")]
    [InlineData("model:\n  family: llama\n  rope_theta: 0.5\n  rope_scaling: yarn\n  rope_factor: 4\n  rope_original_context: 64\n",
        "run.yaml:5: model.rope_theta is 0.5, but yarn needs a base above 1; raise it.")]
    [InlineData("model:\n  family: llama\n  rope_scaling: yarn\n  rope_factor: 4\n  rope_original_context: 4\n",
        "run.yaml:7: model.rope_original_context 4 is too short: the first pair of a head turns 0.64 times in it, below "
        + "model.rope_beta_slow 1; raise it or lower model.rope_beta_slow.")]
    [InlineData("model:\n  family: llama\n  rope_theta: 2\n  rope_scaling: yarn\n  rope_factor: 4\n  rope_original_context: 8192\n",
        "run.yaml:8: model.rope_beta_fast 32 is too low: the last pair of a head turns | times in model.rope_original_context 8192, so no "
        + "pair would be scaled; raise it or omit the scaling.")]
    [InlineData("training:\n  momentum_reset_every: 100\n", "run.yaml:4: training.momentum_reset_every 100 | 150 updates | 0")]
    [InlineData("model:\n  embedding_gradient_shrink: 2\n",
        "run.yaml:4: model.embedding_gradient_shrink is '2', but it must be a number of at least 0 and at most 1.")]
    [InlineData("policy:\n  kl_estimator: k1\n  kl_coefficient: 0.1\n", "policy.kl_estimator k1 | weighted_k2")]
    [InlineData("model:\n  depth: 4\n  width: 100\n", "run.yaml:4: model.depth | model.width | (run.yaml:5)")]
    [InlineData("training: 5\n", "run.yaml:3: 'training' is a section; write its keys below it, indented, such as 'steps: ...'.")]
    [InlineData("training:\n  steps:\n", "run.yaml:4: the value of training.steps must be a single word, number or text, but it is empty.")]
    [InlineData("training:\n  steps: [1]\n",
        "run.yaml:4: the value of training.steps must be a single word, number or text, not a list or section.")]
    [InlineData("---\na: 1\n", "run.yaml:4: | one document")]
    public void A_bad_file_is_refused_with_its_line(string yaml, string data) =>
        Should.Throw<UserErrorException>(() => RunFile.Parse(Data + yaml, "run.yaml", [])).Message.ShouldName(data);

    [Theory]
    [InlineData("training.stpes=5", "--set training.stpes=5: there is no key 'training.stpes'; did you mean 'training.steps'?")]
    [InlineData("steps=5", "--set steps=5: there is no key 'steps'; did you mean 'training.steps'?")]
    [InlineData("training.steps", "--set training.steps: an override is written key=value, such as --set training.steps=2000.")]
    [InlineData("=5", "--set =5: an override is written key=value, such as --set training.steps=2000.")]
    [InlineData("training.steps=x", "--set training.steps=x: training.steps is 'x', but it must be a whole number of at least 1.")]
    [InlineData("training.batch=9", "--set training.batch=9: training.batch 9 is not a multiple of training.lanes 8")]
    [InlineData("trainers.count=9", "--set trainers.count=9: trainers.count 9 | training.lanes 8 | at most 8")]
    [InlineData("rollouts.samples=1", "--set rollouts.samples=1: rollouts.samples is 1 | advantages.estimator grpo | at least 2")]
    [InlineData("trainers.timeout=8", "--set trainers.timeout=8: trainers.retry_interval 2 | a quarter of trainers.timeout 8")]
    [InlineData("trainers.restart_backoff_min=11",
        "--set trainers.restart_backoff_min=11: trainers.restart_backoff_min 11 is above trainers.restart_backoff_max 10")]
    [InlineData("trainers.max_restarts=60", "--set trainers.max_restarts=60: trainers.restart_window 600 | trainers.max_restarts 60 | "
        + "trainers.restart_backoff_max 10 | above 600")]
    [InlineData("checkpoints.every=often",
        "--set checkpoints.every=often: checkpoints.every is 'often', but it must be auto or a whole number of at least 0.")]
    [InlineData("checkpoints.every=aut",
        "--set checkpoints.every=aut: checkpoints.every is 'aut', but it must be auto or a whole number of at least 0; did you mean 'auto'?")]
    [InlineData("checkpoints.every_min=2000",
        "--set checkpoints.every_min=2000: checkpoints.every_min 2000 is above checkpoints.every_max 1000")]
    [InlineData("checkpoints.snapshots=1",
        "--set checkpoints.snapshots=1: checkpoints.snapshots is '1', but it must be a whole number from 2 to 64.")]
    [InlineData("journal.connection=Host=db;Password=x",
        "--set journal.connection=Host=db;Password=x: journal.connection is 'Host=db;Password=x', but it must be empty | "
        + "'Host=db;Database=runs;Username=me' | PGPASSWORD or ~/.pgpass")]
    [InlineData("spikes.rules=drift, sigma",
        "--set spikes.rules=drift, sigma: spikes.rules is 'drift, sigma', but it must be none, or | first_max, mean_sigma, robust_z, "
        + "running_multiple, drift, policy_drift, zclip, adagc, momentum_reset")]
    [InlineData("spikes.rules=",
        "--set spikes.rules=: spikes.rules is '', but it must be none, or | first_max, mean_sigma, robust_z, running_multiple, drift, "
        + "policy_drift, zclip, adagc, momentum_reset")]
    [InlineData("spikes.mean_sigma_signals=loss, lane",
        "--set spikes.mean_sigma_signals=loss, lane: spikes.mean_sigma_signals is 'loss, lane', but it must be | loss, gradient_norm, "
        + "lane_loss, embedding_norm, block_norm, update_norm, divergence, length, policy_kl, each at most once")]
    [InlineData("spikes.first_max_signals=block_nrm",
        "--set spikes.first_max_signals=block_nrm: spikes.first_max_signals is 'block_nrm', but it must be | loss, gradient_norm, "
        + "lane_loss, embedding_norm, block_norm, update_norm, divergence, length, policy_kl, each at most once")]
    [InlineData("spikes.running_multiple_signals=loss,loss",
        "--set spikes.running_multiple_signals=loss,loss: spikes.running_multiple_signals is 'loss,loss', but it must be | loss, "
        + "gradient_norm, lane_loss, embedding_norm, block_norm, update_norm, divergence, length, policy_kl, each at most once")]
    [InlineData("spikes.mean_sigma_signals=",
        "--set spikes.mean_sigma_signals=: spikes.mean_sigma_signals is '', but it must be | loss, gradient_norm, lane_loss, "
        + "embedding_norm, block_norm, update_norm, divergence, length, policy_kl, each at most once")]
    [InlineData("spikes.robust_z_warmup=100",
        "--set spikes.robust_z_warmup=100: spikes.robust_z_warmup 100 is above spikes.robust_z_window 64")]
    [InlineData("spikes.drift_slack=2", "--set spikes.drift_slack=2: spikes.drift_cap 2 is not above spikes.drift_slack 2")]
    [InlineData("spikes.rate_factor=1",
        "--set spikes.rate_factor=1: spikes.rate_factor is '1', but it must be a number above 0 and below 1.")]
    [InlineData("spikes.max_skip=10", "--set spikes.max_skip=10: spikes.max_skip 10 is not above spikes.margin 10")]
    public void A_bad_override_is_refused_with_its_option(string set, string data) =>
        Should.Throw<UserErrorException>(() => RunFile.Parse(Data, "run.yaml", [set])).Message.ShouldName(data);

    [Fact]
    public void What_has_no_default_must_be_given() =>
        Should.Throw<UserErrorException>(() => RunFile.Parse("", "run.yaml", [])).Message
            .ShouldName("run.yaml: data.path is missing", "'actortrain prepare'");

    [Theory]
    [InlineData("training: [\n")]
    [InlineData("training:\n  steps: 1\n  steps: 2\n")]
    [InlineData("a: b: c\n")]
    public void What_is_not_YAML_is_refused_with_a_line(string yaml) =>
        Should.Throw<UserErrorException>(() => RunFile.Parse(yaml, "run.yaml", []))
            .Message.ShouldMatch(@"^run\.yaml:\d+: invalid YAML: .+[^.]\.$");

    [Fact]
    public void A_file_that_is_not_there_is_named() =>
        Should.Throw<UserErrorException>(() => RunFile.Read("nowhere/run.yaml", [])).Message
            .ShouldName("'nowhere/run.yaml'", "no such file");

    [Fact]
    public void Every_key_with_one_letter_missing_is_recognised()
    {
        foreach (var key in Settings.ByKey.Keys)
        {
            var wrong = key[..^2] + key[^1];
            Should.Throw<UserErrorException>(() => RunFile.Parse(Data, "run.yaml", [$"{wrong}=1"]))
                .Message.ShouldEndWith($"; did you mean '{key}'?");
        }
    }
}
